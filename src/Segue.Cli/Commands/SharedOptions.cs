using System.CommandLine;
using System.CommandLine.Parsing;

namespace Segue.Cli.Commands;

/// <summary>Options that mean the same in several commands.</summary>
internal static class SharedOptions
{
    public static Option<bool> Json() => new("--json") { Description = "print one JSON object instead of tables" };

    public static Option<string?> At(string what) => new("--at")
    {
        Description = $"the moment the {what} is for: a date such as 2024-05-31T20:15 or Unix seconds; else the last moment of the history or of the training data, as the model takes it",
    };

    public static Option<string?> Exclude(string what) => new("--exclude") { Description = $"file with one item a line that must not be {what}" };

    public static Option<ulong> Seed() => new("--seed")
    {
        Description = "seed of everything random (default 42)",
        DefaultValueFactory = _ => 42,
    };

    public static Option<int> Threads()
    {
        var option = new Option<int>("--threads")
        {
            Description = $"threads to use (default: all {Environment.ProcessorCount})",
            DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        option.Validators.Add(AtLeast(1));
        return option;
    }

    public static Option<int> K(int value)
    {
        var option = new Option<int>("-k") { Description = $"length of the list (default {value})", DefaultValueFactory = _ => value };
        option.Validators.Add(AtLeast(1));
        return option;
    }

    public static Option<int> KCore()
    {
        var option = new Option<int>("--k-core") { Description = "keep only users and items with at least K partners, repeatedly" };
        option.Validators.Add(AtLeast(0));
        return option;
    }

    public static Argument<string> Dataset() => new("DATASET") { Description = "folder made by segue import" };

    public static Argument<string> ModelFolder() => new("MODEL_DIR") { Description = "folder made by segue train" };

    private static Action<OptionResult> AtLeast(int minimum) => result =>
    {
        if (result.Tokens.Count > 0 && int.TryParse(result.Tokens[0].Value, out int value) && value < minimum)
        {
            result.AddError($"{result.Option.Name} is {value}; give {minimum} or more");
        }
    };
}
