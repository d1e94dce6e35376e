using Segue.Core;
using Segue.Core.Artifacts;

namespace Segue.Models;

/// <summary>Compares the matrices of a stored model with what its options and the data make.</summary>
internal static class StoredShapes
{
    /// <summary>
    /// Compares headers only, before a network is made that is as large as the options say: those may be damaged, or those of another model.
    /// </summary>
    /// <param name="artifact">The stored arrays.</param>
    /// <param name="model">Name of the model, for the message.</param>
    /// <param name="matrices">Name, rows and columns of the largest matrices.</param>
    /// <exception cref="DatasetException">One is missing or has another shape.</exception>
    public static void Require(ArtifactReader artifact, string model, IEnumerable<(string Name, int Rows, int Columns)> matrices)
    {
        foreach ((string name, int rows, int columns) in matrices)
        {
            Require(model, name, artifact.ShapeOf(name), rows, columns);
        }
    }

    /// <summary>Compares one matrix.</summary>
    /// <exception cref="DatasetException">It has another shape.</exception>
    public static void Require(string model, string name, (int Rows, int Columns) stored, int rows, int columns)
    {
        if (stored != (rows, columns))
        {
            throw new DatasetException(
                $"model '{model}' was stored with a {stored.Rows} × {stored.Columns} '{name}', the dataset and options need {rows} × {columns}; "
                + "load it with the dataset it was trained on");
        }
    }
}
