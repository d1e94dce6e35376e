namespace Segue.Numerics.Dense;

/// <summary>Copies between the triangles of a square matrix.</summary>
internal static class Triangles
{
    private const int Tile = 64;

    /// <summary>Copies the lower triangle over the upper one, tile by tile so that both sides stay in the cache.</summary>
    internal static unsafe void MirrorLower(float* values, int size, nint stride, int threads)
    {
        nint address = (nint)values;
        int tiles = (size + Tile - 1) / Tile;
        Workers.Run(tiles, 1, size > 512 ? threads : 1, (start, end, _) =>
        {
            var matrix = (float*)address;
            for (int tileRow = start; tileRow < end; tileRow++)
            {
                int rowEnd = Math.Min((tileRow + 1) * Tile, size);
                for (int tileColumn = 0; tileColumn <= tileRow; tileColumn++)
                {
                    for (int r = tileRow * Tile; r < rowEnd; r++)
                    {
                        int columnEnd = Math.Min((tileColumn + 1) * Tile, r);
                        for (int c = tileColumn * Tile; c < columnEnd; c++)
                        {
                            matrix[(c * stride) + r] = matrix[(r * stride) + c];
                        }
                    }
                }
            }
        });
    }
}
