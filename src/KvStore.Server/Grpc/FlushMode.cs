namespace KvStore.Server.Grpc;

/// <summary>When written bytes leave.</summary>
internal enum FlushMode
{
    Now,

    /// <summary>When enough has gathered that holding back more gains nothing.</summary>
    WhenFull,
}
