namespace Segue.Pipeline;

/// <summary>The sentences that matter: which model is best on this data, by how much, whether that is more than luck, and what speaks against it.</summary>
public static class Headline
{
    /// <summary>The sentences, one a line; "" where nothing was measured.</summary>
    public static string Of(ExperimentReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return string.Join('\n', new VerdictWords(name => name, text => text).Of(report));
    }
}
