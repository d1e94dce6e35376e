using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Segue.Numerics.Sampling;

namespace Segue.Testing.Fuzz;

/// <summary>Damages JSON so that most of what comes out can still be parsed: a value of another type, a key lost or given twice.</summary>
public static class JsonMutator
{
    private const string Mark = "@@mutated@@";
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "1", "-1", "2", "0.5", "1e400", "-1e400", "1e-400", "2147483647", "2147483648", "-2147483648", "4294967296", "9223372036854775807",
        "9223372036854775808", "-9223372036854775808", "18446744073709551615", "99999999999999999999999", "NaN", "Infinity", "\"\"", "\"NaN\"", "\"-1\"", "\"\\u0000\"",
        "\"\\ud800\"", "\"../../x\"", "\"/dev/zero\"", "\"\\uFFFF\"", "{}", "[]", "[null]", "[[]]", "{\"\":null}", new string('[', 60) + new string(']', 60),
        new string('[', 5000) + new string(']', 5000), "\"" + new string('x', 5000) + "\"", "",
    ];

    /// <summary>A damaged copy as text; <paramref name="json"/> stays as it is.</summary>
    public static byte[] Damage(JsonNode json, Rng rng)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(rng);
        JsonNode copy = json.DeepClone();
        var places = new List<(JsonNode Parent, string Key, int Index)>();
        Collect(copy, places);
        if (places.Count == 0 || rng.Next(20) == 0)
        {
            return Encoding.UTF8.GetBytes(Values[rng.Next(Values.Length)]);
        }

        (JsonNode parent, string key, int index) = places[rng.Next(places.Count)];
        string value = Values[rng.Next(Values.Length)];
        switch (rng.Next(6))
        {
            case 0: // lost
                if (parent is JsonObject from)
                {
                    from.Remove(key);
                }
                else
                {
                    parent.AsArray().RemoveAt(index);
                }

                return Text(copy);
            case 1: // given twice, first or last with another value
                if (parent is JsonObject of)
                {
                    of.Insert(rng.Next(of.Count + 1), Mark + key, Mark);
                    return Text(copy, rng.Next(2) == 0 ? value : of[key]?.ToJsonString(Plain) ?? "null");
                }

                parent.AsArray().Insert(index, parent[index]?.DeepClone());
                return Text(copy);
            case 2: // under another name
                if (parent is JsonObject named && named.Remove(key, out JsonNode? moved))
                {
                    named[rng.Next(3) switch { 0 => key + "\0", 1 => key.ToUpperInvariant() + "x", _ => string.Empty }] = moved;
                    return Text(copy);
                }

                goto default;
            default: // another value
                if (parent is JsonObject set)
                {
                    set[key] = Mark;
                }
                else
                {
                    parent.AsArray()[index] = Mark;
                }

                return Text(copy, value);
        }
    }

    private static byte[] Text(JsonNode json, string value = "null") =>
        Encoding.UTF8.GetBytes(json.ToJsonString(Plain).Replace($"\"{Mark}\"", value, StringComparison.Ordinal).Replace(Mark, string.Empty, StringComparison.Ordinal));

    private static void Collect(JsonNode? node, List<(JsonNode Parent, string Key, int Index)> places)
    {
        switch (node)
        {
            case JsonObject of:
                foreach ((string key, JsonNode? child) in of)
                {
                    places.Add((of, key, -1));
                    Collect(child, places);
                }

                break;
            case JsonArray array:
                for (int i = 0; i < array.Count; i++)
                {
                    places.Add((array, string.Empty, i));
                    Collect(array[i], places);
                }

                break;
        }
    }
}
