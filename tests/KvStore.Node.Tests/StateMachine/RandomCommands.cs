using Google.Protobuf;
using KvStore.Node.Commands;

namespace KvStore.Node.Tests.StateMachine;

/// <summary>Random but valid protobuf messages of the command kinds, by seed.</summary>
internal sealed class RandomCommands(int seed)
{
    public Random Random { get; } = new(seed);

    public RangeCommands RangeCommands()
    {
        var commands = new RangeCommands { SessionGroup = Number(), SessionIndex = Number(), LowestAwaited = Number() };
        if (Sometimes) commands.Route = new Route { RangeId = Number(), Epoch = Number() };
        for (var i = Random.Next(5); i > 0; i--) commands.Commands.Add(Command());
        return commands;
    }

    public Command Command()
    {
        var command = new Command { Sequence = Number() };
        if (Sometimes) command.Fence = new Fence { Lock = Convert.ToHexString(Bytes().Span), Token = Number() };
        switch (Random.Next(5))
        {
            case 0: command.Put = new Put { Key = Bytes(), Value = Bytes(), Lease = Number() }; break;
            case 1: command.Delete = new Delete { Key = Bytes() }; break;
            case 2: command.CompareAndSwap = CompareAndSwap(); break;
            case 3: command.Increment = new Increment { Key = Bytes(), Delta = (long)Number() }; break;
        }
        return command;
    }

    public ulong Number() => Random.Next(4) switch
    {
        0 => 0,
        1 => (ulong)Random.Next(1, 200),
        2 => (ulong)Random.NextInt64(),
        _ => ulong.MaxValue - (ulong)Random.Next(3),
    };

    public ByteString Bytes()
    {
        var bytes = new byte[Random.Next(3) * Random.Next(150)];
        Random.NextBytes(bytes);
        return ByteString.CopyFrom(bytes);
    }

    private CompareAndSwap CompareAndSwap()
    {
        var command = new CompareAndSwap { Key = Bytes() };
        if (Sometimes) command.Expected = Bytes();
        if (Sometimes) command.NewValue = Bytes();
        if (Sometimes) command.ExpectedModRevision = Number();
        return command;
    }

    private bool Sometimes => Random.Next(2) == 0;
}
