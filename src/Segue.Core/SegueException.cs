namespace Segue.Core;

/// <summary>An error a user can act on: its message names the value, the place and the remedy.</summary>
public class SegueException : Exception
{
    /// <summary>An error with a message for the user.</summary>
    public SegueException(string message)
        : base(message)
    {
    }

    /// <summary>An error with a message for the user and the failure behind it.</summary>
    public SegueException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

/// <summary>An option, name or argument that is not valid: wrong usage, nothing was started.</summary>
public sealed class OptionException(string message) : SegueException(message);

/// <summary>A dataset that cannot be opened, read or used for what was asked.</summary>
public sealed class DatasetException : SegueException
{
    /// <summary>An error with a message for the user.</summary>
    public DatasetException(string message)
        : base(message)
    {
    }

    /// <summary>An error with a message for the user and the failure behind it.</summary>
    public DatasetException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

/// <summary>Training cannot go on, for example because a matrix is not positive definite or a loss is not a number.</summary>
public sealed class ModelFitException : SegueException
{
    /// <summary>An error with a message for the user.</summary>
    public ModelFitException(string message)
        : base(message)
    {
    }

    /// <summary>An error with a message for the user and the failure behind it.</summary>
    public ModelFitException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
