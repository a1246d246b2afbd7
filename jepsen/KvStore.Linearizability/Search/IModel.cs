namespace KvStore.Linearizability.Search;

/// <summary>The sequential store that a history is compared with. States are numbers; the initial one (all keys absent) is 0.</summary>
internal interface IModel
{
    /// <summary>The state after an operation, or false where its recorded answer is impossible. Numbers are as in <see cref="ComponentPlan"/>.</summary>
    bool TryStep(int state, int operation, out int next);

    /// <summary>Wherever the operation is legal, it leaves the state as it is.</summary>
    bool IsReadOnly(int operation);

    /// <summary>It is legal in every state, and the whole state after it does not depend on the state before.</summary>
    bool IsBlindWrite(int operation);

    /// <summary>The operation of unknown outcome can be left out: whatever order has it, has an equivalent without it.</summary>
    bool IsUseless(int operation);

    /// <summary>Two operations of unknown outcome do the same.</summary>
    bool AreAlike(int left, int right);

    int AlikeHash(int operation);

    /// <summary>A state in words.</summary>
    string Describe(int state);
}
