namespace KvStore.Linearizability.Tests;

/// <summary>The recorded histories with known verdicts.</summary>
internal static class KnownHistories
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "histories");

    public static string PathOf(string file) => Path.Combine(Folder, file);

    public static IEnumerable<(string File, int Operations, Verdict Verdict)> All()
    {
        foreach (var line in File.ReadLines(PathOf("manifest.tsv")))
        {
            if (line.StartsWith('#')) continue;
            var columns = line.Split('\t');
            yield return (columns[0], int.Parse(columns[1]), columns[2] switch
            {
                "OK" => Verdict.Linearizable,
                "ILLEGAL" => Verdict.NotLinearizable,
                _ => throw new InvalidDataException($"manifest.tsv: unknown verdict {columns[2]}"),
            });
        }
    }
}
