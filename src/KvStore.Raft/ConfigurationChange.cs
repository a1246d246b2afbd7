using System.Buffers.Binary;

namespace KvStore.Raft;

/// <summary>A change of a group's members: steps that are applied together. More than one voter changed goes through a joint configuration.</summary>
public sealed record ConfigurationChange(IReadOnlyList<ConfigurationChange.Step> Steps, ConfigurationTransition Transition = ConfigurationTransition.Automatic)
{
    /// <summary>AddLearner of a voter demotes it, AddVoter of a learner promotes it; removing what is absent changes nothing.</summary>
    public readonly record struct Step(StepKind Kind, ReplicaId Replica);

    /// <summary>Persisted numbers.</summary>
    public enum StepKind : byte { AddVoter = 1, AddLearner = 2, Remove = 3 }

    /// <summary>Ends a joint configuration.</summary>
    public static readonly ConfigurationChange Leave = new([], ConfigurationTransition.LeaveJoint);

    private const byte FormatVersion = 1;
    private const int HeaderBytes = 4;
    private const int StepBytes = 9;

    /// <summary>
    /// The payload of a <see cref="EntryKind.ConfigurationChange"/> entry: version 1 (1 byte), transition (1 byte), number of steps
    /// (2 bytes), then for each step its kind (1 byte) and replica id (8 bytes); numbers are little-endian.
    /// </summary>
    /// <exception cref="ArgumentException">More than 65,535 steps.</exception>
    public byte[] Encode()
    {
        if (Steps.Count > ushort.MaxValue) throw new ArgumentException($"A configuration change has {Steps.Count} steps; the limit is {ushort.MaxValue}.");
        var bytes = new byte[HeaderBytes + StepBytes * Steps.Count];
        bytes[0] = FormatVersion;
        bytes[1] = (byte)Transition;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2), (ushort)Steps.Count);
        for (var i = 0; i < Steps.Count; i++)
        {
            var step = bytes.AsSpan(HeaderBytes + StepBytes * i, StepBytes);
            step[0] = (byte)Steps[i].Kind;
            BinaryPrimitives.WriteUInt64LittleEndian(step[1..], Steps[i].Replica.Value);
        }
        return bytes;
    }

    /// <exception cref="FormatException">The bytes are not an encoded change of a version that this code knows.</exception>
    public static ConfigurationChange Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderBytes) throw new FormatException($"A configuration change has at least {HeaderBytes} bytes, not {bytes.Length}.");
        if (bytes[0] != FormatVersion) throw new FormatException($"Configuration change format {bytes[0]} is not known; this version reads {FormatVersion}.");
        var count = BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]);
        if (bytes.Length != HeaderBytes + StepBytes * count) throw new FormatException($"A configuration change of {count} steps has {HeaderBytes + StepBytes * count} bytes, not {bytes.Length}.");
        var steps = new Step[count];
        for (var i = 0; i < count; i++)
        {
            var step = bytes.Slice(HeaderBytes + StepBytes * i, StepBytes);
            steps[i] = new Step((StepKind)step[0], new ReplicaId(BinaryPrimitives.ReadUInt64LittleEndian(step[1..])));
        }
        return new ConfigurationChange(steps, (ConfigurationTransition)bytes[1]);
    }
}
