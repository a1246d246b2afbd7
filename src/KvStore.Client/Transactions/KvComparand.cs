namespace KvStore.Client.Transactions;

/// <summary>What a condition looks at; its methods say what has to be there.</summary>
public sealed class KvComparand<T>
{
    /// <summary>Numbers are those of kvstore.v1 CompareRelation.</summary>
    internal enum Relation
    {
        Equal,
        NotEqual,
        Less,
        Greater,
        LessOrEqual,
        GreaterOrEqual,
    }

    private readonly Func<Relation, T, KvCompare> _build;

    internal KvComparand(Func<Relation, T, KvCompare> build) => _build = build;

    /// <summary>It equals the target.</summary>
    public KvCompare EqualTo(T target) => _build(Relation.Equal, target);

    /// <summary>It does not equal the target.</summary>
    public KvCompare NotEqualTo(T target) => _build(Relation.NotEqual, target);

    /// <summary>It lies below the target.</summary>
    public KvCompare LessThan(T target) => _build(Relation.Less, target);

    /// <summary>It lies above the target.</summary>
    public KvCompare GreaterThan(T target) => _build(Relation.Greater, target);

    /// <summary>It equals the target or lies below.</summary>
    public KvCompare AtMost(T target) => _build(Relation.LessOrEqual, target);

    /// <summary>It equals the target or lies above.</summary>
    public KvCompare AtLeast(T target) => _build(Relation.GreaterOrEqual, target);
}
