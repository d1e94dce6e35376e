using Segue.Core.Contracts;
using Segue.Core.Data;

namespace Segue.Cli.Commands;

/// <summary>Which listener an id means.</summary>
internal static class UserNames
{
    /// <summary>The listener of that id, else the only one whose id looks the same (Unicode form C); −1 where there is none.</summary>
    public static int Find(Vocabulary users, string id)
    {
        int index = users.IndexOf(id);
        if (index >= 0)
        {
            return index;
        }

        string wanted = Nfc.Of(id);
        if (System.Text.Ascii.IsValid(wanted))
        {
            return -1;
        }

        int found = -1;
        for (int u = 0; u < users.Count; u++)
        {
            if (Nfc.Of(users[u]) == wanted)
            {
                if (found >= 0)
                {
                    return -1;
                }

                found = u;
            }
        }

        return found;
    }
}
