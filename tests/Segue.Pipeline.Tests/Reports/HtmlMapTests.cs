using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Data.Synthetic;
using Segue.Models;
using Segue.Pipeline.Maps;
using Segue.Pipeline.Reports;
using Xunit;

namespace Segue.Pipeline.Tests.Reports;

public sealed class HtmlMapTests
{
    // Types a name, takes the first hit, and says what the card shows then.
    private const string SearchAndChoose = """
        const box = document.getElementById("map-search");
        box.value = "NAME";
        box.dispatchEvent(new Event("input"));
        document.body.dataset.found = document.getElementById("map-found").textContent;
        document.querySelector("#map-hits button").click();
        setTimeout(() => { document.body.dataset.card = document.getElementById("map-tip").textContent; document.body.dataset.cardHidden = document.getElementById("map-tip").hidden; }, 300);
        """;

    // Points at every place of the stage until a card appears, turns the map, and counts what the canvas of names holds.
    private const string PointAndTurn = """
        const stage = document.getElementById("map-stage"), box = stage.getBoundingClientRect(), tip = document.getElementById("map-tip");
        const at = (type, x, y) => stage.dispatchEvent(new PointerEvent(type, { pointerId: 1, clientX: box.left + x, clientY: box.top + y, bubbles: true }));
        let cards = 0, before = -1;
        for (let y = 5; y < box.height; y += 7) { for (let x = 5; x < box.width; x += 7) { at("pointermove", x, y); if (stage.classList.contains("over")) { cards++; } } }
        document.body.dataset.cards = cards;
        setTimeout(() => {
          const over = document.getElementById("map-over"), pixels = over.getContext("2d").getImageData(0, 0, over.width, over.height).data;
          document.body.dataset.inked = pixels.filter((v, i) => i % 4 === 3 && v > 0).length;
        }, 300);
        """;

    private static readonly Lazy<TrainedModel> World = new(() => Fit(
        SyntheticWorld.Generate(new() { Users = 150, Tracks = 400, Interactions = 12_000 }).Dataset));

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public async Task The_browser_draws_every_point_and_names_what_is_pointed_at(int dimensions)
    {
        VectorMap map = VectorMap.Of(World.Value, new MapOptions { Dimensions = dimensions }, [], new FitContext());
        Assert.InRange(map.Titles.Count, 300, 400);
        string html = HtmlMap.ToHtml(map);
        Pages.AssertSelfContained(html, scripts: 2);
        Assert.DoesNotContain("Apache", html, StringComparison.Ordinal);
        string document = await Browser.DocumentAfterLoading(Pages.WithScript(html, PointAndTurn));
        Assert.DoesNotContain("data-script-error", document[..500], StringComparison.Ordinal);
        Assert.Contains($"data-map-points=\"{map.Titles.Count}\"", document, StringComparison.Ordinal);
        Assert.True(Number(document, "data-cards") > 100, "almost nothing could be pointed at");
        Assert.True(Number(document, "data-inked") > 1000, "no names are written");
    }

    [Fact]
    public async Task Search_finds_a_name_and_shows_its_card()
    {
        VectorMap map = VectorMap.Of(World.Value, new MapOptions(), [], new FitContext());
        string title = map.Titles[7];
        string document = await Browser.DocumentAfterLoading(Pages.WithScript(
            HtmlMap.ToHtml(map), SearchAndChoose.Replace("NAME", title.ToUpperInvariant(), StringComparison.Ordinal)));
        Assert.Contains(" found\"", document, StringComparison.Ordinal);
        Assert.Contains("data-card-hidden=\"false\"", document, StringComparison.Ordinal);
        Assert.Contains(title, Attribute(document, "data-card"), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("interactions", Attribute(document, "data-card"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hostile_names_stay_text()
    {
        var builder = new DatasetBuilder(Pages.Hostile, "track");
        for (int u = 0; u < 6; u++)
        {
            int user = builder.User(Pages.Hostile + u);
            builder.Interaction(user, builder.Item(Pages.Hostile + (u % 4), Pages.Hostile, Pages.Hostile));
            builder.Interaction(user, builder.Item(Pages.Hostile + ((u + 1) % 4), Pages.Hostile, Pages.Hostile));
            builder.Tag(user, 0, Pages.Hostile);
        }

        string html = HtmlMap.ToHtml(VectorMap.Of(Fit(builder.Build()), new MapOptions(), [Pages.Hostile], new FitContext()));
        string document = await Browser.DocumentAfterLoading(Pages.WithScript(html, Pages.CountIntruders.Replace("- 4", "- 3", StringComparison.Ordinal)));
        Assert.DoesNotContain("data-script-error", document[..500], StringComparison.Ordinal);
        Assert.Contains("data-intruders=\"0\"", document, StringComparison.Ordinal);
        Assert.DoesNotContain("<img src=x", document[..document.IndexOf("application/json", StringComparison.Ordinal)], StringComparison.OrdinalIgnoreCase);
    }

    private static TrainedModel Fit(Dataset train) => TrainedModel.Fit("ials", ModelCatalog.Create("ials", []), train, new FitContext { Threads = 1 });

    private static int Number(string document, string name) => int.Parse(Attribute(document, name), System.Globalization.CultureInfo.InvariantCulture);

    private static string Attribute(string document, string name)
    {
        int start = document.IndexOf($"{name}=\"", StringComparison.Ordinal);
        Assert.True(start >= 0, $"the page has no {name}");
        start += name.Length + 2;
        return document[start..document.IndexOf('"', start)];
    }
}
