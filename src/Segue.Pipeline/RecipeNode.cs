using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Segue.Core;
using Segue.Core.Contracts;

namespace Segue.Pipeline;

/// <summary>One value of a recipe and where it is: reads it as what it must be, or says which file, which key, what is there and what to give.</summary>
internal readonly struct RecipeNode
{
    private const int ShownValue = 60;
    private readonly string _file;
    private readonly JsonNode? _node;

    private RecipeNode(string file, string place, JsonNode? node, bool isGiven)
    {
        _file = file;
        Place = place;
        _node = node;
        IsGiven = isGiven;
    }

    /// <summary>Where the value is, for example <c>models[2].options</c>; empty for the whole file.</summary>
    public string Place { get; }

    /// <summary>False where the key is absent; <c>null</c> is a value, and a wrong one.</summary>
    public bool IsGiven { get; }

    /// <summary>True for an object.</summary>
    public bool IsObject => _node is JsonObject;

    /// <summary>The value under a key of an object that was checked.</summary>
    public RecipeNode this[string key]
    {
        get
        {
            JsonNode? value = null;
            bool isGiven = (_node as JsonObject)?.TryGetPropertyValue(key, out value) ?? false;
            return new RecipeNode(_file, Place.Length == 0 ? key : $"{Place}.{key}", value, isGiven);
        }
    }

    /// <summary>The whole file.</summary>
    /// <exception cref="OptionException">It is no JSON, nests too deep or gives a key twice.</exception>
    public static RecipeNode Parse(string file, string text)
    {
        try
        {
            return new RecipeNode(file, string.Empty, JsonNode.Parse(text, null, new JsonDocumentOptions
            {
                AllowTrailingCommas = true,
                CommentHandling = JsonCommentHandling.Skip,
                AllowDuplicateProperties = false,
            }), isGiven: true);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException or FormatException)
        {
            throw new OptionException($"recipe '{file}' cannot be read: {e.Message}");
        }
    }

    /// <summary>An object with no other keys than these.</summary>
    /// <exception cref="OptionException">It is something else, or has another key.</exception>
    public RecipeNode Object(params string[] keys)
    {
        JsonObject node = Needed("an object { … }") as JsonObject ?? throw Wrong("an object { … }");
        string? unknown = node.Select(p => p.Key).FirstOrDefault(k => !keys.Contains(k));
        return unknown is null ? this : throw NearMatches.Error($"key in {Where}", unknown, keys);
    }

    /// <summary>The members of an object whose keys are free; none where it is absent.</summary>
    /// <exception cref="OptionException">It is no object.</exception>
    public IReadOnlyList<(string Key, RecipeNode Value)> Members()
    {
        RecipeNode self = this;
        return !IsGiven ? [] : [.. (_node as JsonObject ?? throw Wrong("an object { … }")).Select(p => (p.Key, self[p.Key]))];
    }

    /// <summary>The values of a list; none where it is absent.</summary>
    /// <exception cref="OptionException">It is no list.</exception>
    public IReadOnlyList<RecipeNode> Items()
    {
        if (!IsGiven)
        {
            return [];
        }

        (string file, string place) = (_file, Place);
        return [.. (_node as JsonArray ?? throw Wrong("a list [ … ]")).Select((n, at) => new RecipeNode(file, string.Create(CultureInfo.InvariantCulture, $"{place}[{at}]"), n, isGiven: true))];
    }

    /// <summary>A text that says something.</summary>
    /// <exception cref="OptionException">It is absent, no text or empty.</exception>
    public string Text(string expected = "a text")
    {
        string? text = Needed(expected) is JsonValue value && value.GetValueKind() == JsonValueKind.String ? Raw(value) : throw Wrong(expected);
        return string.IsNullOrWhiteSpace(text) ? throw Wrong(expected) : text;
    }

    /// <summary>A text, or null where it is absent.</summary>
    /// <exception cref="OptionException">It is no text.</exception>
    public string? OptionalText(string expected = "a text") =>
        !IsGiven ? null : _node is JsonValue value && value.GetValueKind() == JsonValueKind.String ? Raw(value) : throw Wrong($"{expected}, or leave it out");

    /// <summary>The name of a file or folder.</summary>
    /// <exception cref="OptionException">It is no text, empty, or no name can be so.</exception>
    public string FilePath()
    {
        string path = Text("the path of a file or folder");
        return path.Contains('\0', StringComparison.Ordinal) ? throw Wrong("a path without NUL characters") : path;
    }

    /// <summary>Reads a text by one of our parsers; its complaint gets the place.</summary>
    /// <exception cref="OptionException">It is no text, or the parser refuses it.</exception>
    public T Parsed<T>(string expected, Func<string, T> parse)
    {
        string text = Text(expected);
        return Located(() => parse(text));
    }

    /// <summary>Does something with what was read here; a complaint gets the place.</summary>
    public T Located<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (OptionException e)
        {
            throw new OptionException($"{Where}: {e.Message}");
        }
    }

    /// <summary>A whole number, or <paramref name="absent"/> where it is absent.</summary>
    /// <exception cref="OptionException">It is none, or out of range.</exception>
    public int Whole(int low, int high, int absent)
    {
        string expected = string.Create(CultureInfo.InvariantCulture, $"a whole number from {low} to {high}");
        return !IsGiven ? absent
            : _node is JsonValue value && value.GetValueKind() == JsonValueKind.Number && value.TryGetValue(out int number) && number >= low && number <= high
            ? number : throw Wrong(expected);
    }

    /// <summary>Two whole numbers, the nearest and the farthest item ahead.</summary>
    /// <exception cref="OptionException">It is something else, or the second is below the first.</exception>
    public (int From, int To) Range()
    {
        IReadOnlyList<RecipeNode> ends = Items();
        return ends.Count == 2 && ends[0].Whole(1, int.MaxValue, 0) is var from && ends[1].Whole(from, int.MaxValue, 0) is var to
            ? (from, to) : throw Error("is no range of songs ahead; give the nearest and the farthest, for example [25, 50]");
    }

    /// <summary>A seed, or <paramref name="absent"/> where it is absent.</summary>
    /// <exception cref="OptionException">It is none.</exception>
    public ulong Seed(ulong absent) => !IsGiven ? absent
        : _node is JsonValue value && value.GetValueKind() == JsonValueKind.Number && value.TryGetValue(out ulong number)
        ? number : throw Wrong("a whole number of 0 or more");

    /// <summary>A finite number.</summary>
    /// <exception cref="OptionException">It is absent or none.</exception>
    public double Number() => Needed("a number") is JsonValue value && value.GetValueKind() == JsonValueKind.Number && value.TryGetValue(out double number) && double.IsFinite(number)
        ? number : throw Wrong("a number");

    /// <summary>True or false, or <paramref name="absent"/> where it is absent.</summary>
    /// <exception cref="OptionException">It is neither.</exception>
    public bool Flag(bool absent = false) => !IsGiven ? absent : _node?.GetValueKind() switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong("true or false"),
    };

    /// <summary>Options by name, their values as text; none where the object is absent.</summary>
    /// <exception cref="OptionException">It is no object, or a value is no single one.</exception>
    public IReadOnlyList<KeyValuePair<string, string>> Options() => [.. Members().Select(o => new KeyValuePair<string, string>(o.Key, o.Value.OptionValue()))];

    /// <summary>What is wrong here, with the file and the place.</summary>
    public OptionException Error(string message) => new($"{Where} {message}");

    private string Where => Place.Length == 0 ? $"recipe '{_file}'" : $"\"{Place}\" of recipe '{_file}'";

    private string OptionValue() => _node is JsonValue value
        ? value.GetValueKind() switch
        {
            JsonValueKind.String => Raw(value),
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            _ => value.ToJsonString(),
        }
        : throw Wrong("a single value");

    private JsonNode? Needed(string expected) => IsGiven ? _node : throw new OptionException($"{Parent()} has no \"{Place[(Place.LastIndexOf('.') + 1)..]}\"; give {expected}");

    private string Parent() => Place.LastIndexOf('.') is > 0 and var dot ? $"\"{Place[..dot]}\" of recipe '{_file}'" : $"recipe '{_file}'";

    // Half of a surrogate pair can be written in JSON and is no text.
    private string Raw(JsonValue value)
    {
        try
        {
            return value.GetValue<string>();
        }
        catch (InvalidOperationException)
        {
            throw Error("is no text: it holds half of a surrogate pair; write the whole character");
        }
    }

    private OptionException Wrong(string expected)
    {
        string shown;
        try
        {
            shown = VisibleText.Short(_node?.ToJsonString() ?? "null", ShownValue);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            shown = "no valid JSON text";
        }

        return Error($"is {shown}; give {expected}");
    }
}
