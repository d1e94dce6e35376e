using System.Text.RegularExpressions;
using Segue.Core.Data;
using Segue.Core.Data.Synthetic;
using Segue.Pipeline.Description;
using Segue.Pipeline.Reports;
using Xunit;

namespace Segue.Pipeline.Tests.Reports;

public sealed class HtmlDescriptionTests
{
    private static readonly Lazy<DatasetDescription> World = new(() =>
        DatasetDescription.Of(SyntheticWorld.Generate(new() { Users = 100, Tracks = 200, Interactions = 10_000 }).Dataset));

    [Fact]
    public void Loads_nothing_carries_its_licence_and_shows_the_tables()
    {
        string html = HtmlDescription.ToHtml(World.Value);
        Pages.AssertSelfContained(html);
        Pages.AssertLicence(html);
        foreach (string shown in new[]
        {
            "<b>100</b> users", "<b>10,000</b> interactions", "plays a user–item pair", "average degree", "K-cores", "Sessions (pause over 30 minutes)",
            "Friendships", "danceability", "signup", "chart-burst", "chart-played", "The most played tracks over time", "its median over the ", "chart-ranks", "chart-users", "chart-items", "chart-correlation", "chart-feature-9",
        })
        {
            Assert.Contains(shown, html, StringComparison.Ordinal);
        }

        Assert.Equal(10_000, Pages.Data(html).GetProperty("size").GetProperty("interactions").GetInt32());
    }

    [Fact]
    public void Hostile_names_stay_text()
    {
        string html = HtmlDescription.ToHtml(DatasetDescription.Of(Hostile(), TestContext.Current.CancellationToken));
        Pages.AssertSelfContainedButFor(html, Pages.Hostile);
        Assert.DoesNotContain("<img src=x", html, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(Pages.Hostile, Pages.Data(html).GetProperty("name").GetString());
    }

    [Fact]
    public void Long_names_are_cut()
    {
        string name = new('X', 10_000);
        var builder = new DatasetBuilder(name, name) { FeatureNames = [name], Features = [3, 1] };
        int user = builder.User(name);
        for (int n = 0; n < 40; n++)
        {
            builder.Interaction(user, builder.Item(name + (n % 2), name, name), 1_600_000_000 + (n * 90_000L));
        }

        builder.Profile(user, name, name);
        string html = HtmlDescription.ToHtml(DatasetDescription.Of(builder.Build(), TestContext.Current.CancellationToken));
        Assert.DoesNotMatch(new Regex("X{301}"), html);
        Assert.Matches(new Regex("X{99}…"), html);
        Pages.AssertSelfContained(html);
    }

    [Fact]
    public async Task The_browser_draws_every_chart_without_an_error()
    {
        string document = await Browser.DocumentAfterLoading(HtmlDescription.ToHtml(World.Value));
        Assert.DoesNotContain("data-script-error", document[..500], StringComparison.Ordinal);
        // Burst, most played, months, ranks, users, items, ten features, correlation.
        Assert.Contains("data-charts=\"17\"", document, StringComparison.Ordinal);
        Assert.Equal(6, Regex.Count(document, @"listeners, burstiness -?\d\.\d\d<"));
        Assert.Equal(17, Regex.Count(document, "<svg[^>]*xmlns"));
        Assert.True(Regex.Count(document, "<path") > 500);
    }

    [Fact]
    public async Task The_browser_draws_a_bare_and_hostile_dataset()
    {
        string document = await Browser.DocumentAfterLoading(Pages.WithScript(
            HtmlDescription.ToHtml(DatasetDescription.Of(Hostile(), TestContext.Current.CancellationToken)), Pages.CountIntruders));
        Assert.DoesNotContain("data-script-error", document[..500], StringComparison.Ordinal);
        Assert.Contains("data-charts=\"6\"", document, StringComparison.Ordinal);
        Assert.Contains("data-intruders=\"0\"", document, StringComparison.Ordinal);
    }

    // No times, one interaction, features of which one is constant.
    private static Dataset Hostile()
    {
        var builder = new DatasetBuilder(Pages.Hostile, Pages.Hostile) { FeatureNames = [Pages.Hostile, "flat"], Features = [3, 1] };
        int user = builder.User(Pages.Hostile);
        builder.Interaction(user, builder.Item(Pages.Hostile, Pages.Hostile, Pages.Hostile));
        builder.Profile(user, Pages.Hostile, Pages.Hostile);
        return builder.Build();
    }
}
