using Segue.Core;
using Segue.Core.Artifacts;
using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Testing;
using Xunit;

namespace Segue.Models.Tests.Fuzz;

/// <summary>
/// Every model on data at the edge of what data is. It is trained and answers with numbers, and stored and opened it answers with the same bits; or it says why it cannot be trained.
/// </summary>
public sealed class OddDataTests
{
    private const long Start = 1_262_304_000;

    private static readonly (string Name, Func<Dataset> Make)[] Worlds =
    [
        ("one pair", () => Of(1, 1, [(0, 0)])),
        ("one user", () => Of(1, 6, [(0, 0), (0, 3), (0, 1), (0, 0), (0, 4)])),
        ("one item", () => Of(6, 1, [(0, 0), (1, 0), (1, 0), (3, 0)])),
        ("no plays", () => Of(3, 4, [])),
        ("nobody and nothing", () => Of(0, 0, [])),
        ("everyone identical", () => Of(6, 5, [.. Grid(6, 4)])),
        ("a star", () => Of(8, 5, [.. Enumerable.Range(0, 8).Select(u => (u, 2))])),
        ("pairs apart", () => Of(6, 6, [.. Enumerable.Range(0, 6).Select(u => (u, u))])),
        ("one user with all items", () => Of(4, 7, [.. Enumerable.Range(0, 7).Select(i => (1, i))])),
        ("everyone has everything", () => Of(5, 5, [.. Grid(5, 5)])),
        ("no times", () => FuzzModels.World(withTime: false) with { Time = default }),
        ("times all unknown", () => FuzzModels.World(withTime: false)),
        ("times all equal", () => FuzzModels.World() is var world ? world with { Time = Filled(world.Count, Start) } : null!),
        ("times at the ends", () => FuzzModels.World() is var world
            ? world with { Time = Enumerable.Range(0, world.Count).Select(n => n % 2 == 0 ? 0L : 253_402_300_799L).ToArray() } : null!),
        ("weights huge", () => FuzzModels.World() is var world ? world with { Weight = Filled(world.Count, 1e30f) } : null!),
        ("weights tiny", () => FuzzModels.World() is var world ? world with { Weight = Filled(world.Count, 1e-38f) } : null!),
        ("weights far apart", () => FuzzModels.World() is var world
            ? world with { Weight = Enumerable.Range(0, world.Count).Select(n => n % 5 == 0 ? 1e12f : 1e-6f).ToArray() } : null!),
        ("the same play again and again", () => Of(2, 3, [.. Enumerable.Repeat((0, 1), 30), .. Enumerable.Repeat((1, 1), 30)])),
        ("no catalog", () => FuzzModels.World() with { Catalog = Catalog.Empty, Tags = TagAssignments.Empty, FriendFrom = default, FriendTo = default }),
        ("odd names", OddNames),
        ("features unknown", () => FuzzModels.World() is var world
            ? world with { Catalog = world.Catalog with { Features = Filled(world.Items.Count * 3, float.NaN) } } : null!),
    ];

    public static TheoryData<string> Names => [.. FuzzModels.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Odd_data_trains_to_sound_answers_or_is_refused(string model)
    {
        using TemporaryFolder folder = TestData.NewFolder();
        int trained = 0;
        foreach ((string name, Func<Dataset> make) in Worlds)
        {
            Dataset train = make();
            IModel untrained = ModelCatalog.Create(model, FuzzModels.CheapOptions(model));
            try
            {
                IRecommender recommender = untrained.Fit(train, FuzzModels.Context());
                int[] answers = FuzzModels.Ask(recommender, train);
                FuzzModels.Save(recommender, folder.File("model"));
                Assert.Equal(answers, FuzzModels.Ask(untrained.Load(ArtifactReader.Open(folder.File("model")), train), train));
                trained++;
            }
            catch (SegueException e)
            {
                // No weights, no times, no features: whatever is missing is said.
                Assert.NotEmpty(e.Message);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                throw new InvalidOperationException($"{model} on {name}: {e.GetType().Name}: {e.Message}", e);
            }
        }

        Assert.InRange(trained, Worlds.Length / 2, Worlds.Length);
    }

    private static T[] Filled<T>(int count, T value) => [.. Enumerable.Repeat(value, count)];

    private static IEnumerable<(int User, int Item)> Grid(int users, int items) =>
        Enumerable.Range(0, users * items).Select(n => (n / items, n % items));

    // Two items an artist.
    private static Dataset Of(int users, int items, (int User, int Item)[] pairs) =>
        FuzzModels.Features(SmallWorld.Of(users, items, pairs, withTime: true)) is var world ? world with
        {
            Catalog = world.Catalog with
            {
                Artists = new StringTable(["", "Artist", "Other", "Third"]),
                ItemArtist = Enumerable.Range(0, items).Select(i => i / 2).ToArray(),
            },
        } : null!;

    private static Dataset OddNames()
    {
        var builder = new DatasetBuilder("\0\uFFFF", "track");
        foreach (string id in new[] { "", "\0", "\uFFFF", "\u001b[31m", "=1+1", "../x", new string('x', 5000), "<script>", "\ud83c", "a\nb" })
        {
            builder.Interaction(builder.User(id), builder.Item(id, id, id, id), Start + builder.Count, 1 + builder.Count);
            builder.Interaction(builder.User(""), builder.Item(id), Start + builder.Count);
        }

        return FuzzModels.Features(builder.Build());
    }
}
