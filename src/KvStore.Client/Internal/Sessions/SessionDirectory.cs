using KvStore.Client.Internal.Operations;

namespace KvStore.Client.Internal.Sessions;

/// <summary>The client's present session in each group, and the writes that wait for one to be opened. Thread-safe.</summary>
internal sealed class SessionDirectory
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, Place> _places = [];

    /// <summary>Gives a write its group's session if there is one. Otherwise keeps the write, with the engine's hold, until there is.</summary>
    public SessionLookup Assign(Operation operation, ulong group)
    {
        lock (_gate)
        {
            var place = PlaceOf(group);
            if (place.Session is { } session)
            {
                operation.Session = session;
                return SessionLookup.Assigned;
            }
            place.Waiting.Add(operation);
            if (place.Opening) return SessionLookup.Waits;
            place.Opening = true;
            return SessionLookup.WaitsForCaller;
        }
    }

    /// <summary>The opening that <see cref="SessionLookup.WaitsForCaller"/> asked for has ended. Gives back the writes that waited, which the caller holds from now on.</summary>
    public List<Operation> Opened(ulong group, ClientSession? session)
    {
        lock (_gate)
        {
            var place = PlaceOf(group);
            place.Opening = false;
            place.Session = session;
            var waited = place.Waiting;
            place.Waiting = [];
            return waited;
        }
    }

    /// <summary>No new write uses this session any more.</summary>
    /// <returns>Whether it was still in use.</returns>
    public bool Forget(ClientSession session)
    {
        lock (_gate)
        {
            var place = PlaceOf(session.Home);
            if (!ReferenceEquals(place.Session, session)) return false;
            place.Session = null;
            return true;
        }
    }

    /// <summary>Takes out the waiting writes whose deadline has passed or that were cancelled; the caller holds them from now on.</summary>
    /// <returns>Whether any still waits.</returns>
    public bool TakeExpired(long now, List<Operation> expired)
    {
        var waits = false;
        lock (_gate)
        {
            foreach (var place in _places.Values)
            {
                WaitingList.TakeExpired(place.Waiting, now, expired);
                waits |= place.Waiting.Count > 0 || place.Opening;
            }
        }
        return waits;
    }

    private Place PlaceOf(ulong group)
    {
        if (!_places.TryGetValue(group, out var place)) _places.Add(group, place = new Place());
        return place;
    }

    private sealed class Place
    {
        public ClientSession? Session;
        public bool Opening;
        public List<Operation> Waiting = [];
    }
}

internal enum SessionLookup
{
    /// <summary>The write has its session.</summary>
    Assigned,
    /// <summary>The write waits; somebody is opening a session.</summary>
    Waits,
    /// <summary>The write waits; the caller has to open a session and to report by <see cref="SessionDirectory.Opened"/>.</summary>
    WaitsForCaller,
}
