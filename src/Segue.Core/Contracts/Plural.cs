using System.Globalization;

namespace Segue.Core.Contracts;

/// <summary>Counts with their noun.</summary>
public static class Plural
{
    /// <summary><c>1 user</c>, <c>2,000 users</c>.</summary>
    /// <param name="count">How many.</param>
    /// <param name="one">The noun for one.</param>
    /// <param name="many">The noun for others; null = with an s.</param>
    public static string Of(long count, string one, string? many = null) =>
        string.Create(CultureInfo.InvariantCulture, $"{count:N0} {Noun(count, one, many)}");

    /// <summary>The noun alone: <c>user</c> for one, <c>users</c> else.</summary>
    /// <param name="count">How many.</param>
    /// <param name="one">The noun for one.</param>
    /// <param name="many">The noun for others; null = with an s.</param>
    public static string Noun(long count, string one, string? many = null) => count == 1 ? one : many ?? one + "s";
}
