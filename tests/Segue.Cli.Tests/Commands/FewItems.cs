using System.Text.Json;
using Segue.Core.Data;
using Segue.Testing;
using Xunit;

namespace Segue.Cli.Tests.Commands;

/// <summary>Six items by hand, for questions whose answer is known: i0 → i1 twice, i1 → i2, i1 → i3, i2 → i4; nothing follows i3 and i4, and nobody heard i5.</summary>
internal static class FewItems
{
    /// <summary>
    /// In order and without times; listener "nobody" heard nothing. i2 and i3 are both called "Twin", i4 and i5 "Case" and "case". No artists, or <paramref name="artists"/>.
    /// </summary>
    public static Dataset Dataset(int[]? artists = null)
    {
        var builder = new DatasetBuilder("few items", "track") { IsOrdered = true };
        int[] items = [.. Enumerable.Range(0, 6).Select(i => builder.Item($"i{i}"))];
        foreach ((string user, int[] plays) in new[] { ("a", new[] { 0, 1, 2 }), ("b", [0, 1, 3]), ("c", [2, 4]) })
        {
            foreach (int item in plays)
            {
                builder.Interaction(builder.User(user), items[item]);
            }
        }

        builder.User("nobody");
        return builder.Build() with
        {
            Catalog = new Catalog { Names = new StringTable(["First", "Second", "Twin", "Twin", "Case", "case"]), ItemArtist = artists ?? default, Artists = new StringTable(["x"]) },
        };
    }

    /// <summary>Trains a model on a dataset inside a folder of tests and returns its folder.</summary>
    public static async Task<string> Train(TemporaryFolder folder, Dataset dataset, string model)
    {
        string data = folder.File($"data {dataset.Name} {dataset.Catalog.ItemArtist.Length}"), output = folder.File($"{model} {dataset.Name}".Replace(':', ' '));
        if (!Directory.Exists(data))
        {
            DatasetStore.Save(dataset, data);
        }

        CliRun run = await CliRun.Of("train", data, "--model", model, "--out", output);
        Assert.True(run.ExitCode == CommandLine.Succeeded, run.Talk);
        return output;
    }

    /// <summary>Ids of the list in a JSON answer, with spaces between.</summary>
    public static string Items(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return string.Join(' ', document.RootElement.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("item").GetString()));
    }

    /// <summary>One field of a JSON answer as text; a null is "null", and a field that is not there an error.</summary>
    public static string Field(string json, string name)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement value = document.RootElement.GetProperty(name);
        return value.ValueKind == JsonValueKind.Null ? "null" : value.ToString();
    }
}
