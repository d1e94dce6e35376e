using Segue.Core.Contracts;
using Segue.Core.Data;
using Segue.Core.Data.Synthetic;
using Segue.Models;
using Segue.Numerics.Dense;
using Segue.Pipeline.Maps;
using Segue.Pipeline.Reports;
using Xunit;

namespace Segue.Pipeline.Tests.Reports;

public sealed class HtmlMapTests
{
    // A busy machine may let timers pass before a frame is drawn, so what is drawn is waited for.
    private const string Until =
        "const until = (test, done) => { let left = 40; const again = () => { if (test() || --left === 0) { done(); } else { setTimeout(again, 100); } }; again(); };";

    // Types a name, takes the first hit, and says what the card shows then.
    private const string SearchAndChoose = Until + """
        const box = document.getElementById("map-search");
        box.value = "NAME";
        box.dispatchEvent(new Event("input"));
        document.body.dataset.found = document.getElementById("map-found").textContent;
        document.querySelector("#map-hits button").click();
        const tip = document.getElementById("map-tip");
        until(() => !tip.hidden, () => { document.body.dataset.card = tip.textContent; document.body.dataset.cardHidden = tip.hidden; });
        """;

    // Points at places all over the stage, counts those that answer, and what the canvas of names holds.
    private const string PointAndCount = Until + """
        const stage = document.getElementById("map-stage"), box = stage.getBoundingClientRect(), tip = document.getElementById("map-tip");
        const at = (type, x, y) => stage.dispatchEvent(new PointerEvent(type, { pointerId: 1, clientX: box.left + x, clientY: box.top + y, bubbles: true }));
        let cards = 0;
        for (let y = 5; y < box.height; y += 7) { for (let x = 5; x < box.width; x += 7) { at("pointermove", x, y); if (stage.classList.contains("over")) { cards++; } } }
        document.body.dataset.cards = cards;
        const inked = () => {
          const over = document.getElementById("map-over"), pixels = over.getContext("2d").getImageData(0, 0, over.width, over.height).data;
          return pixels.filter((v, i) => i % 4 === 3 && v > 0).length;
        };
        until(() => inked() > 0, () => { document.body.dataset.inked = inked(); });
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
        string document = await Browser.DocumentAfterLoading(Pages.WithScript(html, PointAndCount));
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
    public async Task The_slider_moves_points_to_where_they_lay_in_training()
    {
        VectorMap map = VectorMap.Of(World.Value, new MapOptions { Method = MapMethod.Pca }, [], new FitContext());
        Assert.Contains("id=\"map-play\" hidden", await Browser.DocumentAfterLoading(HtmlMap.ToHtml(map)), StringComparison.Ordinal);

        var turned = new DenseMatrix(map.Places.Rows, 2, [.. map.Places.Values.Select(v => -v)]);
        const string Slide = Until + """
            const ink = () => { const o = document.getElementById("map-over"); return o.getContext("2d").getImageData(0, 0, o.width, o.height).data.reduce((sum, v, i) => (sum * 31 + v) % 1000003, 0); };
            const before = ink(), slider = document.getElementById("map-frame");
            slider.value = 0;
            slider.dispatchEvent(new Event("input"));
            document.body.dataset.frame = document.getElementById("map-frame-name").textContent;
            until(() => ink() !== before, () => { document.body.dataset.moved = ink() !== before; });
            """;
        string document = await Browser.DocumentAfterLoading(Pages.WithScript(HtmlMap.ToHtml(map with { Frames = [new MapFrame(3, turned)] }), Slide));
        Assert.Contains("data-frame=\"epoch 3\"", document, StringComparison.Ordinal);
        Assert.Contains("data-moved=\"true\"", document, StringComparison.Ordinal);
        Assert.DoesNotContain("id=\"map-play\" hidden", document, StringComparison.Ordinal);
    }

    [Fact]
    public void Long_names_are_cut()
    {
        string name = new('X', 10_000);
        var builder = new DatasetBuilder(name, "track");
        for (int u = 0; u < 6; u++)
        {
            int user = builder.User(name + u);
            builder.Interaction(user, builder.Item(name + (u % 4), name, name));
            builder.Interaction(user, builder.Item(name + ((u + 1) % 4), name, name));
            builder.Tag(user, 0, name);
        }

        string html = HtmlMap.ToHtml(VectorMap.Of(Fit(builder.Build()), new MapOptions(), [name], new FitContext()));
        Assert.DoesNotMatch("X{301}", html);
        Assert.Matches("X{99}…", html);
        Pages.AssertSelfContained(html, scripts: 2);
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
