namespace KvStore.Storage.FileSystem;

/// <summary>What happens to the unsynced sectors of one file in one crash; drawn per file, so that whole losses and whole survivals are common too.</summary>
internal enum CrashPattern { KeepAll, LoseAll, Mixed, Torn }

/// <summary>The decisions of one crash, all from its seed (SplitMix64).</summary>
internal struct CrashDice(ulong seed)
{
    private ulong state = seed;

    public CrashPattern NextPattern() => (CrashPattern)(Next() % 4);

    public bool NextBool() => (Next() & 1) == 0;

    /// <summary>How many bytes at the start of an unsynced sector reached the disk.</summary>
    public int KeptBytes(CrashPattern pattern, int sectorBytes) => pattern switch
    {
        CrashPattern.KeepAll => sectorBytes,
        CrashPattern.LoseAll => 0,
        CrashPattern.Mixed => NextBool() ? sectorBytes : 0,
        _ => (int)(Next() % (ulong)(sectorBytes + 1)),
    };

    private ulong Next()
    {
        state += 0x9E3779B97F4A7C15;
        ulong mixed = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }
}
