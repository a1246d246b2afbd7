using System.Globalization;

namespace KvStore.Profile;

/// <summary>What the runtime counted in one method, read from the text that <c>DOTNET_WritePGOData</c> makes it write.</summary>
internal sealed record CountedMethod(string Name, string Signature, int IlSize, IReadOnlyList<Probe> Probes)
{
    private const string NamePrefix = "MethodName: ";
    private const string SignaturePrefix = "Signature: ";

    /// <summary>Below it a method is not worth its place: it ran at the start, or once in a while.</summary>
    private const long CountMin = 200;

    private long Total { get; } = Probes.Where(probe => probe.Holds == ProbeValues.FourBytes).Sum(probe => probe.Values.Sum(long.Parse));

    public static IEnumerable<CountedMethod> ReadFile(string path)
    {
        using var reader = new StreamReader(path);
        for (var line = reader.ReadLine(); line is not null; line = reader.ReadLine())
        {
            if (line.StartsWith("@@@", StringComparison.Ordinal)) yield return ReadMethod(line, () => reader.ReadLine() ?? throw new InvalidDataException($"{path} ends within a method."));
        }
    }

    /// <summary>Of each method the record with the largest counts, of several processes and of several instances of a generic method, in the order of their names.</summary>
    public static IEnumerable<CountedMethod> Merge(IEnumerable<CountedMethod> methods) => methods
        .Where(method => method.Total >= CountMin)
        .GroupBy(method => (method.Name, method.Signature, method.IlSize), (_, same) => same.MaxBy(method => method.Total)!)
        .OrderBy(method => method.Name, StringComparer.Ordinal).ThenBy(method => method.Signature, StringComparer.Ordinal);

    private static CountedMethod ReadMethod(string header, Func<string> next)
    {
        var words = header.Split(' '); // @@@ codehash H methodhash H ilSize H records H
        var name = next()[NamePrefix.Length..];
        var signature = next()[SignaturePrefix.Length..];
        var probes = new Probe[Hexadecimal(words[8])];
        for (var i = 0; i < probes.Length; i++) probes[i] = ReadProbe(next(), next);
        return new CountedMethod(name, signature, Hexadecimal(words[6]), probes);
    }

    private static Probe ReadProbe(string schema, Func<string> next)
    {
        var words = schema.Split(' '); // Schema InstrumentationKind N ILOffset N Count N Other N
        var probe = new Probe(int.Parse(words[2]), int.Parse(words[4]), unchecked((int)uint.Parse(words[8])), new string[int.Parse(words[6])]);
        for (var i = 0; i < probe.Values.Length; i++) probe.Values[i] = probe.Holds is ProbeValues.Types or ProbeValues.Methods ? AfterColon(next()) : next();
        return probe;
    }

    private static string AfterColon(string line) => line[(line.IndexOf(':') + 2)..];

    private static int Hexadecimal(string word) => int.Parse(word.AsSpan(2), NumberStyles.HexNumber);
}
