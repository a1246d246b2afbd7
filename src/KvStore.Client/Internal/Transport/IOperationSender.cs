namespace KvStore.Client.Internal.Transport;

/// <summary>Brings operations to one node and their answers back.</summary>
internal interface IOperationSender
{
    /// <summary>Takes over the engine's hold. The operation's route is set, a write's session too.</summary>
    void Enqueue(Operation operation);

    /// <summary>Sends what is queued if nobody is about to.</summary>
    void Flush();

    /// <summary>Ends expired operations and takes back those whose range another node leads by now.</summary>
    /// <returns>Whether any operation is queued or unanswered.</returns>
    bool Sweep(long now);

    /// <summary>Fails what is left; the client is being disposed.</summary>
    void Close();
}
