namespace KvStore.Raft.Tests.Network;

/// <summary>How likely each fault is, per step of 5 ms and replica or per message.</summary>
internal sealed class RandomFaults
{
    public double Loss { get; set; } = 0.05;
    public double Duplicate { get; set; } = 0.05;
    public double LongDelay { get; set; } = 0.02;
    public double Crash { get; set; } = 0.001;
    public double Pause { get; set; } = 0.0005;
    public double Compact { get; set; } = 0.01;
    public double Transfer { get; set; } = 0.002;
    public double ChangeMembers { get; set; }
    public double SyncPerStep { get; set; } = 0.5;
    public bool Partitions { get; set; } = true;

    public void End()
    {
        Loss = Duplicate = LongDelay = Crash = Pause = Compact = Transfer = ChangeMembers = 0;
        Partitions = false;
    }
}
