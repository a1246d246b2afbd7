using KvStore.Linearizability.Drawing;

namespace KvStore.Linearizability;

/// <summary>Draws a result as one HTML page that needs nothing else: a row for each client, a bar for each operation.</summary>
public static class Timeline
{
    /// <summary>
    /// Writes the page. Of an illegal history it draws the keys in question around the operation that cannot be placed, of an undecided one the first
    /// undecided keys, of a legal one its beginning; at most about 600 operations, and it says how many were left out.
    /// </summary>
    /// <param name="result">What to draw.</param>
    /// <param name="writer">Takes the page; to be encoded in UTF-8. It is neither flushed nor closed.</param>
    public static void Write(CheckResult result, TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(writer);
        var selection = TimelineSelection.Of(result);
        new TimelinePage(result, selection, TimelineLayout.Of(selection.Bars)).Write(writer);
    }
}
