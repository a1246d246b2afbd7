namespace KvStore.Simulation.Faults;

/// <summary>All kinds of faults. A new one is a file and a line here.</summary>
internal static class FaultList
{
    public static IReadOnlyList<IFault> All { get; } =
    [
        new KillProcess(), new PowerCut(), new PowerCutOfAll(), new CrashAtDiskOperation(), new IsolateNode(), new Partition(hasBridge: false), new Partition(hasBridge: true), new OneWayCut(),
        new PartialPartition(), new BadWeather(), new SlowLink(), new PauseProcess(), new PauseInside(), new StallWorker(), new FailingSync(), new DiskFull(), new CrowdAtFullDisk(), new ClockDrift(), new TransferLeadership(),
        new OrderlyStop(flipsBits: false), new OrderlyStop(flipsBits: true),
        new DamagedFile(), new WipedNode(), new CorruptSnapshot(),
    ];
}
