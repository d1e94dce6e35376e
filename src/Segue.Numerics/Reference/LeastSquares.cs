namespace Segue.Numerics.Reference;

/// <summary>
/// Weighted, regularized least squares in double precision, written as the formulas are: the slow twin of the solvers of the
/// factorization models, and their refuge where single precision is not enough.
/// </summary>
/// <remarks>
/// All solve (B + Σₖ aₖ hₖ hₖᵀ) x = Σₖ bₖ hₖ with B symmetric positive definite, size × size, row-major; hₖ are the rows of
/// <c>rows</c>. Arrays are allocated as needed.
/// </remarks>
public static class LeastSquares
{
    /// <summary>The whole matrix B + Σₖ aₖ hₖ hₖᵀ.</summary>
    public static double[] Matrix(double[] shared, int size, double[][] rows, double[] a)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(a);
        double[] matrix = [.. shared];
        for (int k = 0; k < rows.Length; k++)
        {
            CancellationScope.Check();
            for (int i = 0; i < size; i++)
            {
                for (int j = 0; j < size; j++)
                {
                    matrix[(i * size) + j] += a[k] * rows[k][i] * rows[k][j];
                }
            }
        }

        return matrix;
    }

    /// <summary>Σₖ bₖ hₖ.</summary>
    public static double[] Target(int size, double[][] rows, double[] b)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(b);
        var target = new double[size];
        for (int k = 0; k < rows.Length; k++)
        {
            for (int i = 0; i < size; i++)
            {
                target[i] += b[k] * rows[k][i];
            }
        }

        return target;
    }

    /// <summary>The exact solution, by Cholesky's factorization.</summary>
    /// <exception cref="ArithmeticException">The matrix is not positive definite.</exception>
    public static double[] Solve(double[] shared, int size, double[][] rows, double[] a, double[] b) =>
        Cholesky(Matrix(shared, size, rows, a), size, Target(size, rows, b));

    /// <summary>Conjugate gradients from <paramref name="start"/>, preconditioned by B, a given number of steps.</summary>
    public static double[] ConjugateGradient(double[] shared, int size, double[][] rows, double[] a, double[] b, double[] start, int steps)
    {
        double[] matrix = Matrix(shared, size, rows, a), x = [.. start];
        double[] residual = Target(size, rows, b), image = Multiply(matrix, size, x);
        for (int i = 0; i < size; i++)
        {
            residual[i] -= image[i];
        }

        double[] conditioned = Cholesky(shared, size, residual), direction = [.. conditioned];
        double rho = Dot(residual, conditioned);
        for (int step = 0; step < steps && rho > 0; step++)
        {
            image = Multiply(matrix, size, direction);
            double length = rho / Dot(direction, image);
            for (int i = 0; i < size; i++)
            {
                x[i] += length * direction[i];
                residual[i] -= length * image[i];
            }

            conditioned = Cholesky(shared, size, residual);
            double next = Dot(residual, conditioned);
            for (int i = 0; i < size; i++)
            {
                direction[i] = conditioned[i] + (next / rho * direction[i]);
            }

            rho = next;
        }

        return x;
    }

    /// <summary>One round of exact minimisation over blocks of coordinates, first to last, from <paramref name="start"/>.</summary>
    public static double[] Block(double[] shared, int size, double[][] rows, double[] a, double[] b, double[] start, int blockSize)
    {
        double[] matrix = Matrix(shared, size, rows, a), target = Target(size, rows, b), x = [.. start];
        for (int first = 0; first < size; first += blockSize)
        {
            int m = Math.Min(blockSize, size - first);
            var block = new double[m * m];
            var gradient = new double[m];
            double[] image = Multiply(matrix, size, x);
            for (int i = 0; i < m; i++)
            {
                gradient[i] = image[first + i] - target[first + i];
                for (int j = 0; j < m; j++)
                {
                    block[(i * m) + j] = matrix[((first + i) * size) + first + j];
                }
            }

            double[] step = Cholesky(block, m, gradient);
            for (int i = 0; i < m; i++)
            {
                x[first + i] -= step[i];
            }
        }

        return x;
    }

    /// <summary>Solves A x = b for a symmetric positive definite A (its lower triangle is read).</summary>
    /// <exception cref="ArithmeticException">The matrix is not positive definite.</exception>
    public static double[] Cholesky(double[] matrix, int size, double[] b)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        ArgumentNullException.ThrowIfNull(b);
        var l = new double[size * size];
        for (int i = 0; i < size; i++)
        {
            CancellationScope.Check();
            for (int j = 0; j <= i; j++)
            {
                double sum = matrix[(i * size) + j];
                for (int k = 0; k < j; k++)
                {
                    sum -= l[(i * size) + k] * l[(j * size) + k];
                }

                if (i == j && !(sum > 0))
                {
                    throw new ArithmeticException($"the matrix is not positive definite: pivot {i} is {sum}");
                }

                l[(i * size) + j] = i == j ? Math.Sqrt(sum) : sum / l[(j * size) + j];
            }
        }

        var x = new double[size];
        for (int i = 0; i < size; i++)
        {
            double sum = b[i];
            for (int k = 0; k < i; k++)
            {
                sum -= l[(i * size) + k] * x[k];
            }

            x[i] = sum / l[(i * size) + i];
        }

        for (int i = size - 1; i >= 0; i--)
        {
            double sum = x[i];
            for (int k = i + 1; k < size; k++)
            {
                sum -= l[(k * size) + i] * x[k];
            }

            x[i] = sum / l[(i * size) + i];
        }

        return x;
    }

    private static double[] Multiply(double[] matrix, int size, double[] vector)
    {
        var result = new double[size];
        for (int i = 0; i < size; i++)
        {
            for (int j = 0; j < size; j++)
            {
                result[i] += matrix[(i * size) + j] * vector[j];
            }
        }

        return result;
    }

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }
}
