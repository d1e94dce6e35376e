using Segue.Numerics.Sampling;
using Segue.Numerics.Sparse;

namespace Segue.Benchmarks;

/// <summary>
/// A synthetic temporal graph with the figures of seed 000: 992 users of 4,652 songs each, 22,612 months, 1,503,583 songs that one or few heard and some
/// that many did, 1,527,187 nodes and about 15.26 million edges, average degree 20.
/// </summary>
public static class SeedGraph
{
    private const int Users = 992, Songs = 1_503_583, Sessions = 22_612, SongsOfUser = 4_652;

    /// <summary>The adjacency, smaller by <paramref name="scale"/> in nodes and edges.</summary>
    public static CsrMatrix Make(double scale = 1, ulong seed = 1)
    {
        var rng = new Rng(seed, "bench/seed-graph");
        int users = Math.Max(2, (int)(Users * scale)), songs = (int)((long)Songs * users / Users), sessions = (int)((long)Sessions * users / Users);
        int[] own = [.. Enumerable.Range(0, songs)];
        rng.Shuffle<int>(own);
        var row = new List<int>[users + sessions];
        for (int u = 0; u < users; u++)
        {
            // Every song has somebody who found it; the others follow Zipf's law, rank = songs^uniform.
            var heard = new HashSet<int>();
            for (int n = (int)((long)songs * u / users); n < (int)((long)songs * (u + 1) / users); n++)
            {
                heard.Add(own[n]);
            }

            while (heard.Count < Math.Min(SongsOfUser, songs / 2))
            {
                heard.Add((int)Math.Pow(songs, rng.NextDouble()));
            }

            heard.Remove(songs);
            row[u] = [.. heard.Order()];
            int first = users + (int)((long)sessions * u / users), end = users + (int)((long)sessions * (u + 1) / users);
            for (int s = first; s < end; s++)
            {
                row[s] = [];
            }

            foreach (int song in row[u])
            {
                // Heard in 1 to 5 months, 2.31 on average, one after the other: the seed's 15.3 M edges.
                int month = first + rng.Next(end - first);
                for (int n = 0; n == 0 || (n < 5 && rng.NextDouble() < 0.601); n++)
                {
                    row[first + ((month + n - first) % (end - first))].Add(song);
                }
            }
        }

        return Symmetric(row, users, songs, rng);
    }

    private static CsrMatrix Symmetric(List<int>[] row, int users, int songs, Rng rng)
    {
        // Users, songs, sessions, as in TemporalGraph.
        int nodes = row.Length + songs;
        var start = new int[nodes + 1];
        for (int r = 0; r < row.Length; r++)
        {
            int node = r < users ? r : r + songs;
            start[node + 1] += row[r].Count;
            foreach (int song in row[r])
            {
                start[users + song + 1]++;
            }
        }

        for (int n = 0; n < nodes; n++)
        {
            start[n + 1] += start[n];
        }

        int[] next = start[..^1];
        var columns = new int[start[nodes]];
        var values = new float[start[nodes]];
        for (int r = 0; r < row.Length; r++)
        {
            int node = r < users ? r : r + songs;
            foreach (int song in row[r])
            {
                float weight = (1 + rng.Next(8)) / (4f * row[r].Count);
                (columns[next[node]], values[next[node]++]) = (users + song, weight);
                (columns[next[users + song]], values[next[users + song]++]) = (node, weight);
            }
        }

        return new CsrMatrix(nodes, nodes, start, columns, values);
    }
}
