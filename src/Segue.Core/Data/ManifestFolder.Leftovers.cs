using System.Text;
using System.Text.Json.Nodes;

namespace Segue.Core.Data;

/// <summary>What is removed: files of a version that was replaced, and what runs that were killed left behind.</summary>
/// <remarks>
/// An unfinished version holds a marker that its writer keeps locked: a marker that nobody holds is of a run that was killed. Finished
/// versions are known by their own manifests, files of a replaced version by the list and the checksums in the manifest that replaced it.
/// </remarks>
public sealed partial class ManifestFolder
{
    // What runs that were killed left in a folder of ours: unfinished versions, finished ones that no manifest points to, and
    // files of a version that was replaced.
    private List<string> RemoveUnpublished(string target)
    {
        List<string> removed = RemoveUnfinished(target, "v");
        string[] versions = [.. Directory.EnumerateDirectories(target, "v*").Where(v => VersionName().IsMatch(Path.GetFileName(v)) && !IsMarked(v))];

        // Read after the look at the markers: what was published before then is not unfinished, and what was not is marked.
        OpenedFolder? current = TryOpen(target);
        foreach (string version in versions.Where(v => current is not null && v != current.Folder))
        {
            if (TryOpen(version) is { } unused)
            {
                RemoveListed(version, unused.Files.Keys, isVersion: true);
                removed.Add(version);
            }
        }

        if (current is not null && current.Folder != current.Path && current.Manifest["replaced"] is JsonObject replaced)
        {
            foreach ((string name, JsonNode? entry) in replaced)
            {
                string file = Path.Combine(target, name);
                if (_fileName.IsMatch(name) && IsFile(file) && entry is JsonObject values && (string?)values["sha256"] is { } sum
                    && new FileInfo(file).Length == (long?)values["bytes"] && ChecksumOf(file) == sum)
                {
                    RemoveListed(target, [name], isVersion: false);
                    removed.Add(file);
                }
            }
        }

        if (File.Exists(Path.Combine(target, MarkerName)) && !IsMarked(target))
        {
            File.Delete(Path.Combine(target, MarkerName));
        }

        return removed;
    }

    private static List<string> RemoveUnfinished(string parent, string prefix)
    {
        var removed = new List<string>();
        foreach (string folder in Beginning(parent, prefix).Where(IsUnfinished))
        {
            // Held while it is deleted, and still there once it is held: a writer that finishes deletes its marker before it lets go of it.
            string marker = Path.Combine(folder, MarkerName);
            using FileStream? held = OutputPath.TryHold(marker);
            if (held is not null && File.Exists(marker) && DeleteTree(folder))
            {
                removed.Add(folder);
            }
        }

        return removed;
    }

    // An empty folder makes room for the one that is renamed to its place; where it cannot be removed it is filled instead.
    private static void RemoveEmpty(string target)
    {
        if (Directory.Exists(target) && !OutputPath.IsLink(target) && !Directory.EnumerateFileSystemEntries(target).Any())
        {
            try
            {
                Directory.Delete(target);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // A mount point, for example.
            }
        }
    }

    private static string[] Beginning(string parent, string prefix) => !Directory.Exists(parent) ? []
        : [.. Directory.EnumerateDirectories(parent).Where(f => Path.GetFileName(f).StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    // The names in a message of what a killed run left of a folder that is not there.
    private static string? Unpublished(string path)
    {
        try
        {
            string target = Target(path);
            string parent = Path.GetDirectoryName(target)!;
            string name = Path.GetFileName(target);
            if (Beginning(parent, $".{name}.old-").FirstOrDefault() is { } old)
            {
                return $"a save was interrupted and left the old one at '{old}': rename it back";
            }

            return Beginning(parent, $".{name}.new-").Concat(Beginning(target, "v")).FirstOrDefault(IsUnfinished) is not { } unfinished ? null
                : IsMarked(unfinished)
                    ? "it is being written at this moment: try again when that is done"
                    : $"a run that was killed left an unfinished one at '{unfinished}': run the same command again, which removes it";
        }
        catch (Exception e) when (e is SegueException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static FileStream Mark(string folder)
    {
        // Nobody else can open it until this process is done or dead.
        FileStream marker = OutputPath.CreateHeld(Path.Combine(folder, MarkerName));
        marker.Write(Encoding.ASCII.GetBytes($"{{\"format\": \"{MarkerFormat}\"}}\n"));
        marker.Flush();
        return marker;
    }

    private static void Unmark(string folder, ref FileStream? marker)
    {
        // Deleted while still held: no other run sees it free.
        if (!OperatingSystem.IsWindows())
        {
            File.Delete(Path.Combine(folder, MarkerName));
        }

        marker?.Dispose();
        marker = null;
        File.Delete(Path.Combine(folder, MarkerName));
    }

    /// <summary>A folder with the marker of an unfinished version in it, whether or not somebody still writes there.</summary>
    private static bool IsUnfinished(string folder)
    {
        string file = Path.Combine(folder, MarkerName);
        return Directory.Exists(folder) && !OutputPath.IsLink(folder) && File.Exists(file) && (IsMarked(folder) || FormatOf(file) == MarkerFormat);
    }

    private static bool IsMarked(string folder) => OutputPath.IsHeld(Path.Combine(folder, MarkerName));

    // Only listed files go; a version's own manifest and the folders that are empty then go with them.
    private void RemoveListed(string folder, IEnumerable<string> names, bool isVersion)
    {
        if (isVersion && OutputPath.IsLink(folder))
        {
            return;
        }

        var folders = new HashSet<string>(StringComparer.Ordinal);
        foreach (string name in isVersion ? names.Append(ManifestName) : names)
        {
            string file = Path.Combine(folder, name), parent = Path.GetDirectoryName(file)!;
            if (parent == folder || !OutputPath.IsLink(parent))
            {
                OutputPath.TryDelete(file);
                folders.Add(parent);
            }
        }

        if (!isVersion)
        {
            folders.Remove(folder);
        }

        foreach (string empty in folders.OrderByDescending(f => f.Length))
        {
            try
            {
                Directory.Delete(empty); // only where nothing else is in it
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Somebody's own files are in it, or a reader still has one open: they stay.
            }
        }
    }

    private static bool DeleteTree(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }

            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // the marker stays in it, so that the next run tries again
        }
    }
}
