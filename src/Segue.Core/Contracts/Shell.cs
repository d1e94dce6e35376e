using System.Buffers;

namespace Segue.Core.Contracts;

/// <summary>Commands that Segue suggests: what comes from outside is quoted, so that a pasted command does what it says and nothing else.</summary>
/// <remarks>The quoting of sh, bash and zsh; PowerShell reads all but a single quote inside a name alike.</remarks>
public static class Shell
{
    private const int Longest = 300;

    private static readonly SearchValues<char> Bare =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:@%+,-");

    /// <summary>True where the text can be pasted: it is not empty, holds nothing hidden and is not longer than 300 characters.</summary>
    public static bool CanPaste(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Length is > 0 and <= Longest && VisibleText.IsVisible(text);
    }

    /// <summary>One word of a command, in single quotes where a shell would read more in it than its letters.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="placeholder">Written instead of what cannot be pasted, for example <c>ID</c>.</param>
    public static string Quote(string text, string placeholder)
    {
        ArgumentNullException.ThrowIfNull(text);
        return !CanPaste(text) ? placeholder
            : text.AsSpan().IndexOfAnyExcept(Bare) < 0 ? text : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
    }

    /// <summary>The path of a file or folder as a word of a command: as <see cref="Quote"/>, and never read as an option.</summary>
    /// <param name="path">Any path.</param>
    /// <param name="placeholder">Written instead of what cannot be pasted, for example <c>FOLDER</c>.</param>
    public static string Path(string path, string placeholder)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Quote(path.StartsWith('-') || path.StartsWith('@') || path.StartsWith('[') ? $"./{path}" : path, placeholder);
    }

    /// <summary>An option with its value, for example <c>--user 'a b'</c>, or <c>--user=-a</c> where the value begins like an option.</summary>
    /// <param name="option">The option, for example <c>--user</c>.</param>
    /// <param name="value">Any text.</param>
    /// <param name="placeholder">Written instead of a value that cannot be pasted.</param>
    public static string Option(string option, string value, string placeholder)
    {
        ArgumentNullException.ThrowIfNull(value);
        return $"{option}{(value.StartsWith('-') && CanPaste(value) ? '=' : ' ')}{Quote(value, placeholder)}";
    }
}
