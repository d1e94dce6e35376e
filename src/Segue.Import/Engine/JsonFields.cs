using System.Text;
using System.Text.Json;

namespace Segue.Import.Engine;

/// <summary>Takes some values out of a JSON object, by path (<c>a.b</c>), as unescaped UTF-8, without allocating.</summary>
internal sealed class JsonFields
{
    private readonly Node _root = new();
    private readonly (int Start, int Length, JsonTokenType Kind)[] _values;
    private byte[] _text = new byte[1024];
    private int _length;

    public JsonFields(params string[] paths)
    {
        _values = new (int, int, JsonTokenType)[paths.Length];
        for (int slot = 0; slot < paths.Length; slot++)
        {
            Node node = _root;
            foreach (string name in paths[slot].Split('.'))
            {
                Node? child = node.Children.Find(c => c.Text == name);
                if (child is null)
                {
                    node.Children.Add(child = new Node { Text = name, Name = Encoding.UTF8.GetBytes(name) });
                }

                node = child;
            }

            node.Slot = slot;
        }
    }

    /// <summary>True where the last text was sound JSON, of whatever kind.</summary>
    public bool IsJson { get; private set; }

    /// <summary>True where one of the paths was there.</summary>
    public bool HasAny => Array.Exists(_values, v => v.Kind != JsonTokenType.None);

    /// <summary>True where a value holds U+0000.</summary>
    public bool HasNul { get; private set; }

    /// <summary>
    /// The value of path <paramref name="slot"/>: text of a string or number, <c>true</c>, <c>false</c>, the only element of an array;
    /// empty where missing, null, an object, or an array of several.
    /// </summary>
    public ReadOnlySpan<byte> this[int slot] => _text.AsSpan(_values[slot].Start, _values[slot].Length);

    /// <summary>True where the last object was read to its end and holds no U+0000: only then is each value what it seems.</summary>
    public bool IsSound { get; private set; }

    /// <summary>The values that are there, for a sample.</summary>
    public string Names(params ReadOnlySpan<int> slots)
    {
        var names = new string[slots.Length];
        for (int i = 0; i < names.Length; i++)
        {
            names[i] = Encoding.UTF8.GetString(this[slots[i]]);
        }

        return IsSound ? Engine.Text.Names(names) : string.Empty;
    }

    /// <summary>What stood there; None where missing.</summary>
    public JsonTokenType Kind(int slot) => _values[slot].Kind;

    /// <summary>Reads an object. False where <paramref name="json"/> is not exactly one valid object.</summary>
    public bool Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            IsJson = false;
            bool isObject = reader.Read() && Parse(ref reader);
            IsJson = !reader.Read();
            IsSound &= IsJson;
            return isObject && IsJson;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException is what the reader throws for an escaped half of a surrogate pair.
            IsSound = false;
            return false;
        }
    }

    /// <summary>Reads the object that starts at the reader's token and leaves the reader at its end; false, skipping it, where it is
    /// none.</summary>
    /// <exception cref="JsonException">Not valid JSON.</exception>
    /// <exception cref="InvalidOperationException">A text is not valid Unicode.</exception>
    public bool Parse(ref Utf8JsonReader reader)
    {
        Array.Clear(_values);
        _length = 0;
        HasNul = IsSound = false;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return false;
        }

        ReadObject(ref reader, _root);
        IsSound = !HasNul;
        return true;
    }

    private void ReadObject(ref Utf8JsonReader reader, Node node)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            Node? child = null;
            foreach (Node candidate in node.Children)
            {
                if (reader.ValueTextEquals(candidate.Name))
                {
                    child = candidate;
                    break;
                }
            }

            reader.Read();
            if (child is null)
            {
                reader.Skip();
            }
            else if (child.Children.Count > 0 && reader.TokenType == JsonTokenType.StartObject)
            {
                ReadObject(ref reader, child);
            }
            else if (child.Slot >= 0)
            {
                ReadValue(ref reader, child.Slot);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private void ReadValue(ref Utf8JsonReader reader, int slot)
    {
        JsonTokenType kind = reader.TokenType;
        _values[slot] = (0, 0, kind);
        switch (kind)
        {
            case JsonTokenType.StartObject:
                reader.Skip();
                break;
            case JsonTokenType.StartArray:
                int count = 0;
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    count++;
                    if (reader.TokenType == JsonTokenType.String && count == 1)
                    {
                        Store(ref reader, slot, kind);
                    }
                    else
                    {
                        reader.Skip();
                        _values[slot] = (0, 0, kind);
                    }
                }

                break;
            case JsonTokenType.Null:
                break;
            default:
                Store(ref reader, slot, kind);
                break;
        }
    }

    private void Store(ref Utf8JsonReader reader, int slot, JsonTokenType kind)
    {
        int most = reader.ValueSpan.Length;
        if (_length + most > _text.Length)
        {
            Array.Resize(ref _text, Math.Max(_text.Length * 2, _length + most));
        }

        Span<byte> target = _text.AsSpan(_length);
        int length;
        if (reader.TokenType == JsonTokenType.String)
        {
            length = reader.CopyString(target);
            HasNul |= target[..length].Contains((byte)0);
        }
        else
        {
            reader.ValueSpan.CopyTo(target);
            length = most;
        }

        _values[slot] = (_length, length, kind);
        _length += length;
    }

    private sealed class Node
    {
        public string Text { get; init; } = string.Empty;

        public byte[] Name { get; init; } = [];

        public int Slot { get; set; } = -1;

        public List<Node> Children { get; } = [];
    }
}
