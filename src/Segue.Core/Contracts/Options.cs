using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text;

namespace Segue.Core.Contracts;

/// <summary>
/// Base of every options record: one property an option, its default in the initialiser, its range as
/// <see cref="RangeAttribute"/>, its meaning as <see cref="DescriptionAttribute"/>.
/// </summary>
/// <remarks>Property types: bool, int, double, string and enums. Outside names are snake_case, enum values too.</remarks>
public abstract record Options
{
    /// <summary>What ranges cannot say: texts that must be readable, values that exclude one another. Called wherever options are read or validated, before any data.</summary>
    /// <param name="owner">Whose options they are, for messages, for example <c>model 'ipf'</c>.</param>
    /// <exception cref="OptionException">The message names the option, its value and what to give instead.</exception>
    protected internal virtual void CheckWhole(string owner)
    {
    }
}

/// <summary>Base of the options of a model.</summary>
public abstract record ModelOptions : Options;

/// <summary>Base of the options of a split.</summary>
public abstract record SplitOptions : Options;

/// <summary>What a user is told about one option.</summary>
/// <param name="Name">Outside name, snake_case.</param>
/// <param name="Type">bool, int, number, text or the list of choices.</param>
/// <param name="Default">Default value as text.</param>
/// <param name="Range">Valid range as text, empty where everything is valid.</param>
/// <param name="Meaning">One sentence.</param>
public sealed record OptionDescription(string Name, string Type, string Default, string Range, string Meaning);

/// <summary>Reads and writes options records by their outside names.</summary>
public static class OptionsText
{
    /// <summary>Describes every option of <paramref name="optionsType"/>, in declaration order.</summary>
    public static IReadOnlyList<OptionDescription> Describe(Type optionsType)
    {
        object defaults = Create(optionsType);
        return [.. Properties(optionsType).Select(p => new OptionDescription(
            SnakeCase(p.Name),
            TypeName(p.PropertyType),
            Format(p.GetValue(defaults)),
            RangeText(p),
            p.GetCustomAttribute<DescriptionAttribute>()?.Description ?? string.Empty))];
    }

    /// <summary>Every option of <paramref name="options"/> by outside name, in declaration order; values are bool, int, double or string.</summary>
    public static IReadOnlyList<KeyValuePair<string, object>> ToPairs(Options options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return [.. Properties(options.GetType()).Select(p =>
            new KeyValuePair<string, object>(SnakeCase(p.Name), p.GetValue(options) switch
            {
                Enum e => SnakeCase(e.ToString()),
                { } value => value,
                null => string.Empty,
            }))];
    }

    /// <summary>The options that differ from their default, as <c>key=value,key=value</c>; empty where none does.</summary>
    public static string ChangedText(Options options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var defaults = (Options)Create(options.GetType());
        return string.Join(",", ToPairs(options).Zip(ToPairs(defaults))
            .Where(p => !Equals(p.First.Value, p.Second.Value))
            .Select(p => $"{p.First.Key}={Format(p.First.Value)}"));
    }

    /// <summary>Builds a record from outside names and texts; everything not named keeps its default.</summary>
    /// <param name="optionsType">A type derived from <see cref="Options"/> with a parameterless constructor.</param>
    /// <param name="pairs">Outside names with their values as text.</param>
    /// <param name="owner">Whose options they are, for messages, for example <c>model 'ease'</c>.</param>
    /// <exception cref="OptionException">Unknown or repeated key, value of the wrong type or out of range, or values that do not go together.</exception>
    public static Options FromPairs(Type optionsType, IEnumerable<KeyValuePair<string, string>> pairs, string owner)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        object options = Create(optionsType);
        PropertyInfo[] properties = Properties(optionsType);
        var seen = new HashSet<string>();
        foreach ((string key, string text) in pairs)
        {
            PropertyInfo property = properties.FirstOrDefault(p => SnakeCase(p.Name) == key)
                ?? throw NearMatches.Error($"option of {owner}", key, [.. properties.Select(p => SnakeCase(p.Name))]);
            if (!seen.Add(key))
            {
                throw new OptionException($"option '{key}' of {owner} is given twice; give it once");
            }

            property.SetValue(options, Parse(property, text, owner));
        }

        ((Options)options).CheckWhole(owner);
        return (Options)options;
    }

    /// <summary>Splits <c>NAME[:key=value,…]</c> into the name and its pairs; the pair <c>label</c> is set apart.</summary>
    /// <remarks>
    /// A value may contain anything but a comma (colons and equals signs too); blanks around names and values do not count. There is
    /// no way to quote a comma: no option needs one.
    /// </remarks>
    /// <exception cref="OptionException">A part is not <c>key=value</c>, or the label is empty or given twice.</exception>
    public static (string Name, IReadOnlyList<KeyValuePair<string, string>> Pairs, string? Label) ParseSpecification(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int colon = text.IndexOf(':');
        string name = (colon < 0 ? text : text[..colon]).Trim();
        var pairs = new List<KeyValuePair<string, string>>();
        string? label = null;
        if (colon >= 0)
        {
            foreach (string part in text[(colon + 1)..].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                int equals = part.IndexOf('=');
                if (equals <= 0)
                {
                    throw new OptionException($"'{part}' in '{text}' is not key=value; write for example {name}:key=value,other_key=value");
                }

                string key = part[..equals].Trim();
                string value = part[(equals + 1)..].Trim();
                if (key == "label")
                {
                    label = label is null && value.Length > 0
                        ? value
                        : throw new OptionException($"the label in '{text}' is empty or given twice; give one, for example {name}:label=mine");
                }
                else
                {
                    pairs.Add(new(key, value));
                }
            }
        }

        return (name, pairs, label);
    }

    /// <summary>Throws where a value of <paramref name="options"/> is out of its range or does not go with the others.</summary>
    /// <exception cref="OptionException">A value is out of range or not a finite number, or values do not go together.</exception>
    public static void Validate(Options options, string owner)
    {
        ArgumentNullException.ThrowIfNull(options);
        foreach (PropertyInfo property in Properties(options.GetType()))
        {
            CheckRange(property, property.GetValue(options), owner);
        }

        options.CheckWhole(owner);
    }

    /// <summary><c>EmbeddingSize</c> → <c>embedding_size</c>; <c>TfIdf</c> → <c>tf_idf</c>.</summary>
    public static string SnakeCase(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var text = new StringBuilder(name.Length + 8);
        for (int i = 0; i < name.Length; i++)
        {
            if (char.IsUpper(name[i]) && i > 0)
            {
                text.Append('_');
            }

            text.Append(char.ToLowerInvariant(name[i]));
        }

        return text.ToString();
    }

    /// <summary>A value as it is written on the command line: invariant culture, lower-case true and false.</summary>
    public static string Format(object? value) => value switch
    {
        null => string.Empty,
        bool b => b ? "true" : "false",
        Enum e => SnakeCase(e.ToString()),
        IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? string.Empty,
    };

    /// <summary>Reads one of the values of an enum by its outside name.</summary>
    /// <param name="type">The enum.</param>
    /// <param name="text">Outside name, snake_case.</param>
    /// <param name="kind">What it is, for the message, for example <c>weights</c>.</param>
    /// <exception cref="OptionException">No such value; the message lists near matches.</exception>
    public static object ParseChoice(Type type, string text, string kind) =>
        Enum.GetValues(type).Cast<object>().FirstOrDefault(e => SnakeCase(e.ToString()!) == text)
            ?? throw NearMatches.Error(kind, text, [.. Enum.GetNames(type).Select(SnakeCase)]);

    private static object Create(Type optionsType) =>
        Activator.CreateInstance(optionsType) ?? throw new InvalidOperationException($"{optionsType} has no parameterless constructor");

    private static PropertyInfo[] Properties(Type type) =>
        [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite).OrderBy(p => p.MetadataToken)];

    private static object Parse(PropertyInfo property, string text, string owner)
    {
        string key = SnakeCase(property.Name);
        Type type = property.PropertyType;
        object value = type switch
        {
            _ when type == typeof(bool) => text.ToLowerInvariant() switch
            {
                "true" or "yes" or "1" => true,
                "false" or "no" or "0" => false,
                _ => throw Wrong("true or false"),
            },
            _ when type == typeof(int) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int i)
                ? i : throw Wrong("a whole number"),
            _ when type == typeof(double) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double d) && double.IsFinite(d)
                ? d : throw Wrong("a number"),
            _ when type == typeof(string) => text,
            _ when type.IsEnum => ParseChoice(type, text, $"value of option '{key}' of {owner}"),
            _ => throw new InvalidOperationException($"{type} is not an option type"),
        };
        CheckRange(property, value, owner);
        return value;

        OptionException Wrong(string expected) => new($"option '{key}' of {owner} is '{text}'; give {expected}");
    }

    private static void CheckRange(PropertyInfo property, object? value, string owner)
    {
        if (value is double.NaN or double.PositiveInfinity or double.NegativeInfinity)
        {
            throw new OptionException($"option '{SnakeCase(property.Name)}' of {owner} is {Format(value)}; give a finite number");
        }

        if (value is Enum choice && !Enum.IsDefined(choice.GetType(), choice))
        {
            throw new OptionException($"option '{SnakeCase(property.Name)}' of {owner} is {Format(value)}; give one of {TypeName(choice.GetType())}");
        }

        if (property.GetCustomAttribute<RangeAttribute>() is not { } range || value is not (int or double))
        {
            return;
        }

        double number = Convert.ToDouble(value, CultureInfo.InvariantCulture);
        double low = Convert.ToDouble(range.Minimum, CultureInfo.InvariantCulture);
        double high = Convert.ToDouble(range.Maximum, CultureInfo.InvariantCulture);
        if (!(number >= low && number <= high))
        {
            throw new OptionException($"option '{SnakeCase(property.Name)}' of {owner} is {Format(value)}; give a value from {Format(low)} to {Format(high)}");
        }
    }

    private static string RangeText(PropertyInfo property) =>
        property.GetCustomAttribute<RangeAttribute>() is { } range ? $"{Format(range.Minimum)} … {Format(range.Maximum)}" : string.Empty;

    private static string TypeName(Type type) => type switch
    {
        _ when type == typeof(bool) => "bool",
        _ when type == typeof(int) => "int",
        _ when type == typeof(double) => "number",
        _ when type == typeof(string) => "text",
        _ => string.Join("|", Enum.GetNames(type).Select(SnakeCase)),
    };
}
