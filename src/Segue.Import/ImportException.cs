using Segue.Core;
using Segue.Import.Engine;

namespace Segue.Import;

/// <summary>Files that cannot be imported: the message names the file, the place in it and the remedy. Nothing was written.</summary>
public sealed class ImportException : SegueException
{
    /// <summary>An error with a message for the user.</summary>
    public ImportException(string message)
        : base(Text.Bounded(message))
    {
    }

    /// <summary>An error with a message for the user and the failure behind it.</summary>
    public ImportException(string message, Exception inner)
        : base(Text.Bounded(message), inner)
    {
    }
}
