using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace Segue.Numerics.Dense;

/// <summary>Single-precision matrix products over row-major spans: blocked, packed, vectorised, threaded.</summary>
/// <remarks>
/// <para>
/// Source: Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", ACM TOMS 34(3), 2008; here with the roles
/// of A and B swapped, because C is row-major. Both operands are copied once into panels in the order in which
/// <see cref="GemmTiles"/> reads them; a block of B stays in the second-level cache, a panel of A in the first. Products of a tall A with a small B
/// and of two tall matrices whose product is small read both where they lie.
/// </para>
/// <para>
/// An element of C is the sum of blocks of 384 products, each block summed in order: its bits depend on the inner size and the
/// <see cref="SimdPath"/>, not on the number of threads nor on the tiles. NaN and ±∞ follow IEEE arithmetic. 2·m·n·k operations;
/// scratch memory from the shared pool, at most about 64 MB beyond one block of 384 columns of A and rows of B.
/// </para>
/// </remarks>
public static class Gemm
{
    private const int InnerBlock = 384;
    private const int ColumnBlock = 480;
    private const int RowBlock = 256;
    private const long PackedLimit = 16L << 20;
    private const int PackedTogether = 64;
    private const long SerialLimit = 1L << 21;
    private const int SplitInner = 4096;
    private const int SplitArea = 256 * 256;
    private const int ThinRows = 128;
    private const int ThinColumns = 32;
    private const int FewRows = 16;
    private const int ThinSide = 256;
    private const int ThinArea = 128 * 256;

    /// <summary>C = A·B, or C += A·B where <paramref name="add"/> is set.</summary>
    /// <param name="a">A, rows × inner, row-major.</param>
    /// <param name="b">B, inner × columns, row-major.</param>
    /// <param name="c">C, rows × columns, row-major; must not overlap A or B.</param>
    /// <param name="rows">Rows of C.</param>
    /// <param name="columns">Columns of C.</param>
    /// <param name="inner">Columns of A and rows of B; with 0, C becomes 0 or stays.</param>
    /// <param name="add">Add to C instead of replacing it.</param>
    /// <param name="threads">At most this many threads; the result does not depend on it.</param>
    /// <param name="path">The kernel; only tests and benchmarks name one.</param>
    /// <exception cref="ArgumentException">A span's length is not rows × columns of its matrix.</exception>
    public static void Multiply(
        ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> c, int rows, int columns, int inner,
        bool add = false, int threads = 1, SimdPath path = SimdPath.Best)
    {
        Check(a.Length, b.Length, c.Length, rows, columns, inner, threads);
        unsafe
        {
            fixed (float* pa = a, pb = b, pc = c)
            {
                if (IsThin(rows, columns, inner, path))
                {
                    RunThin(pa, pb, pc, rows, columns, inner, add, threads, path);
                    return;
                }

                Run(new(pa, inner, 1), new(pb, columns, 1), pc, columns, rows, columns, inner, new(1f, add, false, threads, path));
            }
        }
    }

    /// <summary>C = A·Bᵀ, or C += A·Bᵀ where <paramref name="add"/> is set: all dot products of rows of A with rows of B.</summary>
    /// <param name="a">A, rows × inner, row-major.</param>
    /// <param name="b">B, columns × inner, row-major.</param>
    /// <param name="c">C, rows × columns, row-major; must not overlap A or B.</param>
    /// <param name="rows">Rows of C.</param>
    /// <param name="columns">Columns of C.</param>
    /// <param name="inner">Columns of A and of B.</param>
    /// <param name="add">Add to C instead of replacing it.</param>
    /// <param name="threads">At most this many threads; the result does not depend on it.</param>
    /// <param name="path">The kernel; only tests and benchmarks name one.</param>
    /// <exception cref="ArgumentException">A span's length is not rows × columns of its matrix.</exception>
    public static void MultiplyTransposed(
        ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> c, int rows, int columns, int inner,
        bool add = false, int threads = 1, SimdPath path = SimdPath.Best)
    {
        Check(a.Length, b.Length, c.Length, rows, columns, inner, threads);
        unsafe
        {
            fixed (float* pa = a, pb = b, pc = c)
            {
                if (IsThin(rows, columns, inner, path))
                {
                    float* space = stackalloc float[(inner * columns) + 16];
                    float* transposed = (float*)(((nint)space + 63) & ~63);
                    for (int j = 0; j < columns; j++)
                    {
                        for (int k = 0; k < inner; k++)
                        {
                            transposed[(k * columns) + j] = pb[(j * inner) + k];
                        }
                    }

                    RunThin(pa, transposed, pc, rows, columns, inner, add, threads, path);
                    return;
                }

                Run(new(pa, inner, 1), new(pb, 1, inner), pc, columns, rows, columns, inner, new(1f, add, false, threads, path));
            }
        }
    }

    /// <summary>C = Aᵀ·B, or C += Aᵀ·B where <paramref name="add"/> is set.</summary>
    /// <param name="a">A, inner × rows, row-major.</param>
    /// <param name="b">B, inner × columns, row-major.</param>
    /// <param name="c">C, rows × columns, row-major; must not overlap A or B.</param>
    /// <param name="rows">Rows of C, columns of A.</param>
    /// <param name="columns">Columns of C and of B.</param>
    /// <param name="inner">Rows of A and of B.</param>
    /// <param name="add">Add to C instead of replacing it.</param>
    /// <param name="threads">At most this many threads; the result does not depend on it.</param>
    /// <param name="path">The kernel; only tests and benchmarks name one.</param>
    /// <exception cref="ArgumentException">A span's length is not rows × columns of its matrix.</exception>
    public static void TransposeMultiply(
        ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> c, int rows, int columns, int inner,
        bool add = false, int threads = 1, SimdPath path = SimdPath.Best)
    {
        Check(a.Length, b.Length, c.Length, rows, columns, inner, threads);
        unsafe
        {
            fixed (float* pa = a, pb = b, pc = c)
            {
                if (inner < 2 * SplitInner && IsThinTransposed(rows, columns, path))
                {
                    if (!add)
                    {
                        c.Clear();
                    }

                    var work = new TallWork((nint)pa, (nint)pb, (nint)pc, rows, columns, inner, path);
                    Workers.Run(
                        columns, ThinColumns, (long)rows * columns * inner <= SerialLimit ? 1 : threads, in work,
                        static (in TallWork w, int start, int end, int _) => AddThinTransposed(in w, start, end));
                    return;
                }

                Run(new(pa, 1, rows), new(pb, columns, 1), pc, columns, rows, columns, inner, new(1f, add, false, threads, path));
            }
        }
    }

    /// <summary>The Gram matrix AᵀA of a tall matrix, exactly symmetric. About rows × columns² operations.</summary>
    /// <param name="a">A, rows × columns, row-major.</param>
    /// <param name="gram">Output, columns × columns; must not overlap A.</param>
    /// <param name="rows">Rows of A; with 0 the result is 0.</param>
    /// <param name="columns">Columns of A.</param>
    /// <param name="threads">At most this many threads; the result does not depend on it.</param>
    /// <param name="path">The kernel; only tests and benchmarks name one.</param>
    /// <exception cref="ArgumentException">A span's length is not rows × columns of its matrix.</exception>
    public static void Gram(
        ReadOnlySpan<float> a, Span<float> gram, int rows, int columns, int threads = 1, SimdPath path = SimdPath.Best)
    {
        Check(a.Length, a.Length, gram.Length, columns, columns, rows, threads);
        unsafe
        {
            fixed (float* pa = a, pg = gram)
            {
                Run(new(pa, 1, columns), new(pa, columns, 1), pg, columns, columns, columns, rows, new(1f, false, true, threads, path));
                Triangles.MirrorLower(pg, columns, columns, threads);
            }
        }
    }

    /// <summary>
    /// A B that stays in the cache: copying A into panels would cost as much as the product. The inner index is one block, so the bits are those of panels.
    /// </summary>
    private static bool IsThin(int rows, int columns, int inner, SimdPath path) =>
        rows >= FewRows && SimdPaths.Resolve(path) >= SimdPath.Vector256 && columns % 16 == 0 && columns is > 0 and <= ThinSide && inner is > 0 and <= ThinSide
        && inner * columns <= ThinArea;

    private static unsafe void RunThin(
        float* a, float* b, float* c, int rows, int columns, int inner, bool add, int threads, SimdPath path)
    {
        var work = new ThinWork((nint)a, (nint)b, (nint)c, columns, inner, add, SimdPaths.Resolve(path));
        Workers.Run(
            rows, ThinRows, (long)rows * columns * inner <= SerialLimit ? 1 : threads, in work,
            static (in ThinWork w, int start, int end, int _) => SmallSymmetric.MultiplyRows(
                (float*)w.A + ((nint)start * w.Inner), end - start, w.Inner, (float*)w.B, w.Columns, (float*)w.C + ((nint)start * w.Columns), w.Add, w.Path));
    }

    /// <summary>C = scale · A·B (+ C); operands with any strides, so that transposes and parts of matrices need no copy.</summary>
    internal static unsafe void Run(Operand a, Operand b, float* c, nint stride, int rows, int columns, int inner, in Mode mode)
    {
        if (rows == 0 || columns == 0)
        {
            return;
        }

        if (inner == 0)
        {
            for (int r = 0; r < rows && !mode.Add; r++)
            {
                new Span<float>(c + (r * stride), columns).Clear();
            }

            return;
        }

        Shape shape = Shape.Of(SimdPaths.Resolve(mode.Path));
        if (inner >= 2 * SplitInner && (long)rows * columns <= SplitArea)
        {
            RunSplit(a, b, c, stride, rows, columns, inner, mode, shape);
            return;
        }

        long work = (long)rows * columns * inner;
        RunTiles(a, b, c, stride, rows, columns, inner, work <= SerialLimit ? mode with { Threads = 1 } : mode, shape);
    }

    /// <summary>
    /// A small C over a long inner index: the index is cut every <see cref="SplitInner"/>, each part gives a partial C, and the
    /// parts are added in order.
    /// </summary>
    private static unsafe void RunSplit(
        Operand a, Operand b, float* c, nint stride, int rows, int columns, int inner, Mode mode, Shape shape)
    {
        int parts = (inner + SplitInner - 1) / SplitInner;
        int area = rows * columns;
        float[] sums = ArrayPool<float>.Shared.Rent(parts * area);
        fixed (float* pinned = sums)
        {
            nint partial = (nint)pinned;
            Mode part = mode with { Add = false, Threads = 1 };
            var work = new SplitWork(a, b, partial, rows, columns, inner, part, shape);
            Workers.Run(parts, 1, mode.Threads, in work, static (in SplitWork w, int start, int end, int _) =>
            {
                for (int s = start; s < end; s++)
                {
                    int from = s * SplitInner;
                    if (IsThinSplit(in w))
                    {
                        RunThinSplit(in w, s);
                        continue;
                    }

                    RunTiles(
                        w.A.Shift(0, from), w.B.Shift(from, 0), (float*)w.Partial + ((long)s * w.Rows * w.Columns), w.Columns,
                        w.Rows, w.Columns, Math.Min(SplitInner, w.Inner - from), w.Mode, w.Shape);
                }
            });
            for (int r = 0; r < rows; r++)
            {
                int width = mode.LowerOnly ? Math.Min(r + 1, columns) : columns;
                var output = new Span<float>(c + (r * stride), width);
                for (int s = 0; s < parts; s++)
                {
                    var source = new ReadOnlySpan<float>(pinned + ((long)s * area) + (r * columns), width);
                    if (s == 0 && !mode.Add)
                    {
                        source.CopyTo(output);
                    }
                    else
                    {
                        TensorPrimitives.Add(output, source, output);
                    }
                }
            }
        }

        ArrayPool<float>.Shared.Return(sums);
    }

    private static bool IsThinSplit(in SplitWork w) =>
        w.A.RowStride == 1 && w.A.ColumnStride == w.Rows && w.B.ColumnStride == 1 && w.B.RowStride == w.Columns && w.Mode is { LowerOnly: false, Scale: 1f }
        && IsThinTransposed(w.Rows, w.Columns, w.Mode.Path);

    private static bool IsThinTransposed(int rows, int columns, SimdPath path) =>
        rows % 8 == 0 && columns % 16 == 0 && rows <= ThinSide && columns <= ThinSide && rows * columns <= ThinArea && SimdPaths.Resolve(path) >= SimdPath.Vector256;

    private static unsafe void RunThinSplit(in SplitWork w, int part)
    {
        float* partial = (float*)w.Partial + ((long)part * w.Rows * w.Columns);
        new Span<float>(partial, w.Rows * w.Columns).Clear();
        int from = part * SplitInner;
        var tall = new TallWork(
            (nint)(w.A.Values + ((nint)from * w.Rows)), (nint)(w.B.Values + ((nint)from * w.Columns)), (nint)partial, w.Rows, w.Columns,
            Math.Min(SplitInner, w.Inner - from), w.Mode.Path);
        AddThinTransposed(in tall, 0, w.Columns);
    }

    /// <summary>Some columns of C += Aᵀ·B.</summary>
    private static unsafe void AddThinTransposed(in TallWork w, int start, int end)
    {
        for (int from = 0; from < w.Inner; from += InnerBlock)
        {
            SmallSymmetric.AddTransposeProduct(
                (float*)w.A + ((nint)from * w.Rows), w.Rows, (float*)w.B + ((nint)from * w.Columns), w.Columns, start, end, Math.Min(InnerBlock, w.Inner - from),
                (float*)w.C, w.Path);
        }
    }

    private static unsafe void RunTiles(
        Operand a, Operand b, float* c, nint stride, int rows, int columns, int inner, Mode mode, Shape shape)
    {
        int paddedRows = RoundUp(rows, shape.Rows), paddedColumns = RoundUp(columns, shape.Columns);
        long perInner = (long)paddedRows + paddedColumns;
        int depth = (int)Math.Clamp(PackedLimit / perInner / InnerBlock, 1, 1 + (inner / InnerBlock)) * InnerBlock;
        depth = Math.Min(depth, inner);

        // 16 floats of slack, because a pooled array starts anywhere and the panels must start on a cache line.
        float[] panels = ArrayPool<float>.Shared.Rent(checked((int)((perInner * depth) + 32)));
        fixed (float* pinned = panels)
        {
            nint packedA = ((nint)pinned + 63) & ~63;
            nint packedB = (packedA + ((nint)paddedRows * depth * sizeof(float)) + 63) & ~63;
            int rowBlock = EvenBlock(rows, RowBlock, shape.Rows), columnBlock = EvenBlock(columns, ColumnBlock, shape.Columns);
            int rowBlocks = (rows + rowBlock - 1) / rowBlock, columnBlocks = (columns + columnBlock - 1) / columnBlock;
            int panelsA = paddedRows / shape.Rows, panelsB = paddedColumns / shape.Columns;
            nint output = (nint)c;
            for (int from = 0; from < inner; from += depth)
            {
                int length = Math.Min(depth, inner - from);
                Operand partA = a.Shift(0, from), partB = b.Shift(from, 0).Transposed();
                var pack = new PackWork(partA, partB, packedA, packedB, panelsA, rows, columns, paddedRows, paddedColumns, length, mode.Scale, shape);
                Workers.Run(panelsA + panelsB, 16, mode.Threads, in pack, static (in PackWork w, int start, int end, int _) =>
                {
                    Pack(w.A, (float*)w.PackedA, start, Math.Min(end, w.PanelsA), w.Shape.Rows, w.Rows, w.PaddedRows, w.Length, w.Scale);
                    Pack(
                        w.B, (float*)w.PackedB, Math.Max(start - w.PanelsA, 0), end - w.PanelsA,
                        w.Shape.Columns, w.Columns, w.PaddedColumns, w.Length, 1f);
                });
                var tiles = new TileWork(
                    packedA, packedB, output, stride, rows, columns, paddedRows, paddedColumns, rowBlock, columnBlock, rowBlocks, length,
                    mode.Add || from > 0, mode.LowerOnly, shape);
                Workers.Run(rowBlocks * columnBlocks, 1, mode.Threads, in tiles, static (in TileWork w, int start, int end, int _) =>
                {
                    for (int tile = start; tile < end; tile++)
                    {
                        // Column by column, so that one block of B serves all rows while it is in the cache.
                        int row = tile % w.RowBlocks * w.RowBlock, column = tile / w.RowBlocks * w.ColumnBlock;
                        int rowEnd = Math.Min(row + w.RowBlock, w.Rows), columnEnd = Math.Min(column + w.ColumnBlock, w.Columns);
                        if (w.LowerOnly && column >= rowEnd)
                        {
                            continue;
                        }

                        var block = new Block(row, rowEnd, column, columnEnd, w.Add, w.LowerOnly);
                        Compute(
                            (float*)w.PackedA, (float*)w.PackedB, (float*)w.Output, w.Stride, w.PaddedRows, w.PaddedColumns, w.Length, block, w.Shape);
                    }
                });
            }
        }

        ArrayPool<float>.Shared.Return(panels);
    }

    private static unsafe void Compute(
        float* packedA, float* packedB, float* c, nint stride, int paddedRows, int paddedColumns, int inner, Block block, Shape shape)
    {
        float* spill = stackalloc float[shape.Rows * shape.Columns];
        for (int from = 0; from < inner; from += InnerBlock)
        {
            int length = Math.Min(InnerBlock, inner - from);
            float* blockA = packedA + ((nint)from * paddedRows), blockB = packedB + ((nint)from * paddedColumns);
            bool add = block.Add || from > 0;
            for (int i = block.Row; i < block.RowEnd; i += shape.Rows)
            {
                float* panelA = blockA + ((nint)i * length);
                int height = Math.Min(shape.Rows, block.RowEnd - i);
                int end = block.LowerOnly ? Math.Min(block.ColumnEnd, i + height) : block.ColumnEnd;
                for (int j = block.Column; j < end; j += shape.Columns)
                {
                    float* panelB = blockB + ((nint)j * length);
                    float* target = c + (i * stride) + j;
                    int width = Math.Min(shape.Columns, block.ColumnEnd - j);
                    if (height == shape.Rows && width == shape.Columns)
                    {
                        shape.Tile(length, panelA, panelB, target, stride, add);
                        continue;
                    }

                    shape.Tile(length, panelA, panelB, spill, shape.Columns, false);
                    for (int r = 0; r < height; r++)
                    {
                        for (int s = 0; s < width; s++)
                        {
                            float value = spill[(r * shape.Columns) + s];
                            target[(r * stride) + s] = add ? value + target[(r * stride) + s] : value;
                        }
                    }
                }
            }
        }
    }

    /// <summary>Copies panels: for every inner index the <paramref name="width"/> values of their rows, zeros beyond the last row.</summary>
    private static unsafe void Pack(
        Operand source, float* packed, int panelStart, int panelEnd, int width, int rows, int paddedRows, int inner, float scale)
    {
        int group = Math.Max(1, PackedTogether / width);
        for (int from = 0; from < inner; from += InnerBlock)
        {
            int length = Math.Min(InnerBlock, inner - from);
            float* block = packed + ((nint)from * paddedRows);
            for (int panel = panelStart; panel < panelEnd; panel += group)
            {
                int first = panel * width, count = Math.Min(group, panelEnd - panel);
                float* target = block + ((nint)first * length), origin = source.Values + (first * source.RowStride) + (from * source.ColumnStride);
                if (source.RowStride == 1)
                {
                    PackAlong(origin, source.ColumnStride, target, width, Math.Min(count * width, rows - first), count, length, scale);
                    continue;
                }

                for (int g = 0; g < count; g++)
                {
                    int valid = Math.Min(width, rows - first - (g * width));
                    PackAcross(
                        origin + (g * width * source.RowStride), source.RowStride, source.ColumnStride,
                        target + ((nint)g * width * length), width, valid, length, scale);
                }
            }
        }
    }

    /// <summary>Neighbouring rows lie side by side in memory: several panels at once, so that whole cache lines are read.</summary>
    private static unsafe void PackAlong(
        float* origin, nint columnStride, float* target, int width, int valid, int panels, int length, float scale)
    {
        for (int p = 0; p < length; p++)
        {
            float* column = origin + (p * columnStride);
            for (int g = 0; g < panels; g++)
            {
                float* to = target + (((nint)g * length) + p) * width;
                int filled = Math.Min(width, valid - (g * width));
                for (int r = 0; r < filled; r++)
                {
                    to[r] = scale * column[(g * width) + r];
                }

                for (int r = filled; r < width; r++)
                {
                    to[r] = 0f;
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void PackAcross(
        float* origin, nint rowStride, nint columnStride, float* target, int width, int valid, int length, float scale)
    {
        for (int r = 0; r < width; r++)
        {
            float* row = origin + (r * rowStride);
            float* to = target + r;
            for (int p = 0; p < length; p++)
            {
                to[(nint)p * width] = r < valid ? scale * row[p * columnStride] : 0f;
            }
        }
    }

    private static int RoundUp(int value, int multiple) => checked((value + multiple - 1) / multiple * multiple);

    /// <summary>Cuts <paramref name="size"/> into equal blocks of at most about <paramref name="block"/>, a multiple of the tile.</summary>
    private static int EvenBlock(int size, int block, int tile)
    {
        int blocks = (size + block - 1) / block;
        return RoundUp((size + blocks - 1) / blocks, tile);
    }

    private static void Check(int a, int b, int c, int rows, int columns, int inner, int threads)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        ArgumentOutOfRangeException.ThrowIfNegative(inner);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        if (a != (long)rows * inner || b != (long)columns * inner || c != (long)rows * columns)
        {
            throw new ArgumentException(
                $"spans of {a}, {b} and {c} values do not fill a product of {rows} × {inner} by {inner} × {columns}; " +
                $"give {(long)rows * inner}, {(long)columns * inner} and {(long)rows * columns}");
        }
    }

    /// <summary>A matrix in memory: element (r, c) is <c>Values[r * RowStride + c * ColumnStride]</c>.</summary>
    internal readonly unsafe struct Operand(float* values, nint rowStride, nint columnStride)
    {
        public float* Values { get; } = values;

        public nint RowStride { get; } = rowStride;

        public nint ColumnStride { get; } = columnStride;

        public Operand Shift(int rows, int columns) =>
            new(Values + (rows * RowStride) + (columns * ColumnStride), RowStride, ColumnStride);

        public Operand Transposed() => new(Values, ColumnStride, RowStride);
    }

    /// <summary>How a product is taken: factor of A, add or replace, only tiles that touch the lower triangle of C.</summary>
    internal readonly record struct Mode(float Scale, bool Add, bool LowerOnly, int Threads, SimdPath Path);

    private readonly record struct ThinWork(nint A, nint B, nint C, int Columns, int Inner, bool Add, SimdPath Path);

    private readonly record struct TallWork(nint A, nint B, nint C, int Rows, int Columns, int Inner, SimdPath Path);

    private readonly record struct SplitWork(
        Operand A, Operand B, nint Partial, int Rows, int Columns, int Inner, Mode Mode, Shape Shape);

    private readonly record struct PackWork(
        Operand A, Operand B, nint PackedA, nint PackedB, int PanelsA, int Rows, int Columns, int PaddedRows, int PaddedColumns,
        int Length, float Scale, Shape Shape);

    private readonly record struct TileWork(
        nint PackedA, nint PackedB, nint Output, nint Stride, int Rows, int Columns, int PaddedRows, int PaddedColumns,
        int RowBlock, int ColumnBlock, int RowBlocks, int Length, bool Add, bool LowerOnly, Shape Shape);

    private readonly record struct Block(int Row, int RowEnd, int Column, int ColumnEnd, bool Add, bool LowerOnly);

    private readonly unsafe struct Shape(int rows, int columns, delegate*<int, float*, float*, float*, nint, bool, void> tile)
    {
        public int Rows { get; } = rows;

        public int Columns { get; } = columns;

        public delegate*<int, float*, float*, float*, nint, bool, void> Tile { get; } = tile;

        public static Shape Of(SimdPath path) => path switch
        {
            SimdPath.Vector512 => new(8, 48, &GemmTiles.Vector512Tile),
            SimdPath.Vector256 => new(6, 16, &GemmTiles.Vector256Tile),
            SimdPath.Vector128 => new(6, 8, &GemmTiles.Vector128Tile),
            _ => new(4, 4, &GemmTiles.ScalarTile),
        };
    }
}
