namespace KvStore.Simulation.Faults;

/// <summary>A kind of thing that goes wrong. One file each; <see cref="FaultList"/> names them.</summary>
internal interface IFault
{
    /// <summary>As in the trace and on the command line.</summary>
    string Name { get; }

    /// <summary>How often it comes up beside the others.</summary>
    int Weight { get; }

    /// <summary>Makes it happen. Returns what ends it after the scene's time, which may be nothing; null when it cannot happen now, and then nothing was changed.</summary>
    Action? Begin(FaultScene scene);
}
