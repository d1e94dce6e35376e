using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Segue.Core;
using Segue.Testing;
using Xunit;

namespace Segue.Pipeline.Tests.Fuzz;

/// <summary>Every shipped recipe with one value changed: it is read, or refused with a message that names the file.</summary>
/// <remarks>A sample in every build; <c>SEGUE_FUZZ=2</c> (hours) changes every value in every way, for at most so long.</remarks>
public sealed class RecipeFuzz : IDisposable
{
    private const int InABuild = 100;

    private static readonly string?[] Values =
    [
        null, "null", "5", "-1", "0", "1e400", "99999999999999999999", "0.5", "true", "[]", "{}", "[{}]", "[null]", "\"\"", "\" \"", "\"x\"", "\"a\\u0000b\"", "\"(half)\"",
        "\"ease:\"", "\"ease:=\"", "\"../..\"", "\"/\"", "{\"\":{\"\":[]}}",
    ];

    private readonly TemporaryFolder _folder = TestData.NewFolder();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(RecipeTests.ShippedRecipes), MemberType = typeof(RecipeTests))]
    public void OneWrongValueIsRefusedAndNothingElseHappens(string file)
    {
        string text = File.ReadAllText(Path.Combine(TestData.RepositoryRoot(), "recipes", file)), path = _folder.File("changed.json");
        JsonNode whole = Parse(text);
        int places = Walk(whole).Count(), cases = places * Values.Length, refused = 0;
        bool isLong = double.TryParse(Environment.GetEnvironmentVariable("SEGUE_FUZZ"), CultureInfo.InvariantCulture, out double hours) && hours > 0;
        var clock = Stopwatch.StartNew();

        // A step without a common divisor visits all of them, spread over the file from the start.
        int step = Enumerable.Range(Math.Max(1, cases / 3), cases).First(n => Gcd(n, cases) == 1);
        for (int n = 0; n < (isLong ? cases : Math.Min(InABuild, cases)) && (!isLong || clock.Elapsed.TotalHours < hours); n++)
        {
            int chosen = (int)((long)n * step % cases);
            JsonNode changed = Parse(text);
            Change(Walk(changed).ElementAt(chosen / Values.Length), Values[chosen % Values.Length]);
            File.WriteAllText(path, changed.ToJsonString().Replace("(half)", "\\ud800", StringComparison.Ordinal));
            try
            {
                Recipe.Read(path);
            }
            catch (SegueException e)
            {
                refused++;
                Assert.Contains(path, e.Message, StringComparison.Ordinal);
            }
        }

        Assert.True(refused > 10, $"{refused} refused");
    }

    [Theory]
    [MemberData(nameof(RecipeTests.ShippedRecipes), MemberType = typeof(RecipeTests))]
    public void ADamagedFileIsRefusedAndNothingElseHappens(string file)
    {
        string text = File.ReadAllText(Path.Combine(TestData.RepositoryRoot(), "recipes", file)), path = _folder.File("damaged.json");
        for (int n = 0; n < 30; n++)
        {
            int at = (int)(n * 7919L * text.Length / 30 % text.Length);
            File.WriteAllText(path, (n % 3) switch
            {
                0 => text[..at],
                1 => text[..at] + "\0{[\"" + text[at..],
                _ => text.Remove(at, Math.Min(3, text.Length - at)),
            });
            try
            {
                Recipe.Read(path);
            }
            catch (SegueException e)
            {
                Assert.Contains(path, e.Message, StringComparison.Ordinal);
            }
        }
    }

    private static JsonNode Parse(string text) =>
        JsonNode.Parse(text, null, new() { AllowTrailingCommas = true, CommentHandling = System.Text.Json.JsonCommentHandling.Skip })!;

    /// <summary>Every value below the whole, with what holds it.</summary>
    private static IEnumerable<(JsonNode Holder, string? Key, int Index)> Walk(JsonNode node)
    {
        IEnumerable<((JsonNode Holder, string? Key, int Index) Place, JsonNode? Value)> children = node switch
        {
            JsonObject o => o.Select(p => (((JsonNode)o, (string?)p.Key, -1), p.Value)),
            JsonArray a => a.Select((v, n) => (((JsonNode)a, (string?)null, n), v)),
            _ => [],
        };
        return children.SelectMany(c => c.Value is null ? [c.Place] : Walk(c.Value).Prepend(c.Place));
    }

    private static void Change((JsonNode Holder, string? Key, int Index) place, string? value)
    {
        if (place.Holder is JsonObject holder)
        {
            if (value is null)
            {
                holder.Remove(place.Key!);
            }
            else
            {
                holder[place.Key!] = JsonNode.Parse(value);
            }
        }
        else if (value is null)
        {
            ((JsonArray)place.Holder).RemoveAt(place.Index);
        }
        else
        {
            ((JsonArray)place.Holder)[place.Index] = JsonNode.Parse(value);
        }
    }

    private static int Gcd(int a, int b) => b == 0 ? a : Gcd(b, a % b);
}
