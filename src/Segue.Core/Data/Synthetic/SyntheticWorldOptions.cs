using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Segue.Core.Contracts;

namespace Segue.Core.Data.Synthetic;

/// <summary>Options of <see cref="SyntheticWorld"/>.</summary>
public sealed record SyntheticWorldOptions : Options
{
    /// <summary>Number of listeners.</summary>
    [Range(1, 1_000_000)]
    [Description("number of listeners")]
    public int Users { get; init; } = 2_000;

    /// <summary>Number of tracks in the catalogue; some may never be played.</summary>
    [Range(10, 1_000_000)]
    [Description("number of tracks in the catalogue; some may never be played")]
    public int Tracks { get; init; } = 5_000;

    /// <summary>Number of listens, exactly.</summary>
    [Range(1, 200_000_000)]
    [Description("number of listens, exactly")]
    public int Interactions { get; init; } = 500_000;

    /// <summary>Number of genres.</summary>
    [Range(1, 200)]
    [Description("number of genres")]
    public int Genres { get; init; } = 12;

    /// <summary>Share of listens that follow the listener's taste; the others are independent draws from track popularity.</summary>
    [Range(0.0, 1.0)]
    [Description("share of listens that follow the listener's taste: 0 pure noise, 1 fully determined")]
    public double Structure { get; init; } = 0.7;

    /// <summary>How far tastes move in a month, as a share of the spread inside a genre; 0 for tastes that stay.</summary>
    [Range(0.0, 5.0)]
    [Description("how far tastes move in a month, as a share of the spread inside a genre")]
    public double Drift { get; init; } = 0.3;

    /// <summary>Number of calendar months, from January 2024.</summary>
    [Range(1, 240)]
    [Description("number of calendar months, from January 2024")]
    public int Months { get; init; } = 12;

    /// <summary>Share of the taste-led listens that come from the month's rotation.</summary>
    [Range(0.0, 1.0)]
    [Description("share of the taste-led listens that come from the month's rotation")]
    public double Repeats { get; init; } = 0.45;

    /// <summary>Chance that a taste-led listen starts a burst of the same track.</summary>
    [Range(0.0, 1.0)]
    [Description("chance that a taste-led listen starts a burst of the same track")]
    public double Bursts { get; init; } = 0.02;

    /// <summary>Exponent of track popularity: the track of rank r is drawn in proportion to r^−exponent.</summary>
    [Range(0.0, 3.0)]
    [Description("the track of rank r is drawn in proportion to r^-exponent")]
    public double PopularityExponent { get; init; } = 0.9;
}
