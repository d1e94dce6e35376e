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

    public static Option<string?> Exclude(string what) => new Option<string?>("--exclude") { Description = $"file with one item a line that must not be {what}" }.AsPath();

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

    public static Argument<string> Dataset() => new Argument<string>("DATASET") { Description = "folder made by segue import" }.AsPath();

    public static Argument<string> ModelFolder() => new Argument<string>("MODEL_DIR") { Description = "folder made by segue train" }.AsPath();

    /// <summary>Refuses what no file or folder can be called, before anything starts: often a shell variable that is not set.</summary>
    /// <param name="option">Takes one path or several.</param>
    /// <param name="isFile">A file is written there: what is a folder, or ends like one, is refused too.</param>
    public static Option<T> AsPath<T>(this Option<T> option, bool isFile = false)
    {
        option.Validators.Add(result => CheckPaths(result, option.Name, isFile));
        return option;
    }

    /// <summary>As <see cref="AsPath{T}(Option{T}, bool)"/>.</summary>
    public static Argument<T> AsPath<T>(this Argument<T> argument)
    {
        argument.Validators.Add(result => CheckPaths(result, argument.Name, isFile: false));
        return argument;
    }

    private static void CheckPaths(SymbolResult result, string name, bool isFile)
    {
        foreach (string path in result.Tokens.Select(t => t.Value))
        {
            if (string.IsNullOrWhiteSpace(path))
            {
                result.AddError($"{name} is empty; name a file or folder (is a variable of the shell not set?)");
            }
            else if (path.Contains('\0', StringComparison.Ordinal))
            {
                result.AddError($"{name} is '{path}'; a path holds no NUL character");
            }
            else if (isFile && (Path.EndsInDirectorySeparator(path) || Directory.Exists(path)))
            {
                result.AddError($"{name} is the folder '{path}'; name a file in it");
            }
        }
    }

    private static Action<OptionResult> AtLeast(int minimum) => result =>
    {
        if (result.Tokens.Count > 0 && int.TryParse(result.Tokens[0].Value, out int value) && value < minimum)
        {
            result.AddError($"{result.Option.Name} is {value}; give {minimum} or more");
        }
    };
}
