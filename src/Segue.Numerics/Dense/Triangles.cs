namespace Segue.Numerics.Dense;

/// <summary>Copies between the triangles of a square matrix.</summary>
internal static class Triangles
{
    private const int Tile = 16;

    /// <summary>Copies the lower triangle over the upper one, in tiles of one cache line a row, so that every line is used whole.</summary>
    internal static unsafe void MirrorLower(float* values, int size, nint stride, int threads)
    {
        nint address = (nint)values;
        int tiles = (size + Tile - 1) / Tile;
        Workers.Run(tiles, 4, size > 512 ? threads : 1, (start, end, _) =>
        {
            var matrix = (float*)address;
            for (int tileRow = start; tileRow < end; tileRow++)
            {
                int rowStart = tileRow * Tile, rowEnd = Math.Min(rowStart + Tile, size);
                for (int tileColumn = 0; tileColumn <= tileRow; tileColumn++)
                {
                    int columnEnd = Math.Min((tileColumn + 1) * Tile, rowEnd);
                    for (int c = tileColumn * Tile; c < columnEnd; c++)
                    {
                        float* target = matrix + (c * stride);
                        for (int r = Math.Max(rowStart, c + 1); r < rowEnd; r++)
                        {
                            target[r] = matrix[(r * stride) + c];
                        }
                    }
                }
            }
        });
    }
}
