namespace KvStore.Raft.Tests.Network;

/// <summary>How likely each fault is, per step of 5 ms and replica or per message.</summary>
internal sealed class RandomFaults
{
    public double Loss { get; set; } = 0.05;
    public double Duplicate { get; set; } = 0.05;
    public double LongDelay { get; set; } = 0.02;
    public double Crash { get; set; } = 0.001;
    public double Pause { get; set; } = 0.0005;
    /// <summary>How often clients propose; not a fault, but a busy log keeps replicas that are cut off from being elected.</summary>
    public double Propose { get; set; } = 0.3;
    public TimeSpan PauseMax { get; set; } = TimeSpan.FromSeconds(3);
    public double Compact { get; set; } = 0.01;
    public double Transfer { get; set; } = 0.002;
    public double ChangeMembers { get; set; }
    public double SyncPerStep { get; set; } = 0.5;
    public double Partition { get; set; } = 0.01;
    public TimeSpan RestartAfterMax { get; set; } = TimeSpan.FromSeconds(2);

    public void End()
    {
        Loss = Duplicate = LongDelay = Crash = Pause = Compact = Transfer = ChangeMembers = Partition = 0;
    }
}
