namespace KvStore.Profile;

/// <summary>One counter of an instrumented method, or one table of types or methods that were seen at a call; as the runtime defines it.</summary>
/// <param name="Kind">What is counted; its lowest four bits say what the values are.</param>
/// <param name="Offset">Where in the method's IL.</param>
/// <param name="Other">What the kind makes of it, such as where a counted jump leads.</param>
/// <param name="Values">Numbers as the runtime wrote them, or the names of types or methods.</param>
internal sealed record Probe(int Kind, int Offset, int Other, string[] Values)
{
    public ProbeValues Holds => (ProbeValues)(Kind & 0xF);
}
