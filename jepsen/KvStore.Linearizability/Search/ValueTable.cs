using System.Runtime.InteropServices;

namespace KvStore.Linearizability.Search;

/// <summary>
/// Values as numbers: equal values have the same number. The result of an append is held as (what was there, what was added) with a hash of
/// the text, so that a long list costs a few bytes a step; texts are compared only when their hashes agree, and then exactly.
/// </summary>
internal sealed class ValueTable(MemoryAccount memory)
{
    public const int Absent = 0;

    /// <summary>Bytes charged for one appended value: its node, its cached transition and its place in the index, each with room to grow.</summary>
    private const int AppendBytes = 320;

    private const ulong Base = 0x9E3779B97F4A7C15;

    private readonly Dictionary<Value, int> _numbers = [];
    private readonly List<Node> _nodes = [new(default, -1, -1, 0, 0, 1)];
    private readonly Dictionary<(int State, int Added), int> _appended = [];

    /// <summary>First node for a text's hash and length; the others hang on <see cref="_sameHash"/>. Null while nothing was appended.</summary>
    private Dictionary<(ulong Hash, int Length), int>? _byText;
    private readonly Dictionary<int, int> _sameHash = [];

    /// <summary>Hashes of all prefixes of the only text that a list of appends can grow to; null when there is no such text.</summary>
    private ulong[]? _prefixes;
    private int _longest = -1;

    /// <param name="Flat">The value, when the node was interned from one.</param>
    /// <param name="Parent">What was there, or −1 for a flat node.</param>
    /// <param name="Added">What was added.</param>
    /// <param name="Length">Characters of text.</param>
    /// <param name="Hash">Polynomial hash of the text.</param>
    /// <param name="Power">Base to the power of <paramref name="Length"/>.</param>
    private readonly record struct Node(Value Flat, int Parent, int Added, int Length, ulong Hash, ulong Power);

    public int Intern(Value value)
    {
        if (value.IsAbsent) return Absent;
        Invariant.That(_byText is null);
        ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(_numbers, value, out var exists);
        if (exists) return number;
        number = _nodes.Count;
        _nodes.Add(new(value, -1, -1, 0, 0, 1));
        return number;
    }

    /// <summary>Must be called once, after the last <see cref="Intern"/>, before the first <see cref="TryAppend"/>.</summary>
    public void PrepareAppends()
    {
        var nodes = CollectionsMarshal.AsSpan(_nodes);
        _byText = [];
        for (var i = 1; i < nodes.Length; i++)
        {
            var text = nodes[i].Flat.Text;
            var (hash, power) = (0UL, 1UL);
            foreach (var character in text)
            {
                hash = (hash * Base) + character + 1;
                power *= Base;
            }
            nodes[i] = nodes[i] with { Length = text.Length, Hash = hash, Power = power };
            if (!nodes[i].Flat.IsInteger) Index(i);
        }
    }

    /// <summary>
    /// Says that the key is only ever appended to and read, and that this is the longest text read (absent: none is known). Then a shorter state that is
    /// no prefix of it, or a step that jumps over it, can never lead to that read.
    /// </summary>
    public void GrowTo(int longest)
    {
        Invariant.That(_byText is not null);
        if (longest == _longest) return;
        var text = _nodes[longest].Flat.Text;
        memory.Charge((text.Length + 1) * sizeof(ulong));
        var prefixes = new ulong[text.Length + 1];
        for (var i = 0; i < text.Length; i++) prefixes[i + 1] = (prefixes[i] * Base) + text[i] + 1;
        _prefixes = prefixes;
        _longest = longest;
    }

    /// <summary>The state after adding the text of one value to another; false when the component's reads exclude it.</summary>
    public bool TryAppend(int state, int added, out int next)
    {
        Invariant.That(_byText is not null);
        next = state;
        return !IsExcluded(state, added) && Append(state, added, out next);
    }

    /// <summary>The value that a number stands for.</summary>
    public Value ValueOf(int number) => _nodes[number].Parent < 0 ? _nodes[number].Flat : Value.Of(TextOf(number));

    private bool IsExcluded(int state, int added)
    {
        if (_prefixes is null) return false;
        var (before, piece) = (_nodes[state], _nodes[added]);
        if (before.Length >= _nodes[_longest].Length) return false;
        var length = before.Length + piece.Length;
        return length >= _prefixes.Length || _prefixes[length] != (before.Hash * piece.Power) + piece.Hash;
    }

    private bool Append(int state, int added, out int next)
    {
        if (!_appended.TryGetValue((state, added), out next))
        {
            memory.Charge(AppendBytes);
            next = FindOrAdd(state, added);
            _appended.Add((state, added), next);
        }
        return true;
    }

    private int FindOrAdd(int state, int added)
    {
        var (before, piece) = (_nodes[state], _nodes[added]);
        var node = new Node(default, state, added, before.Length + piece.Length, (before.Hash * piece.Power) + piece.Hash, before.Power * piece.Power);
        if (_byText!.TryGetValue((node.Hash, node.Length), out var candidate))
        {
            var text = string.Concat(TextOf(state), TextOf(added));
            do
            {
                if (string.Equals(TextOf(candidate), text, StringComparison.Ordinal)) return candidate;
            }
            while (_sameHash.TryGetValue(candidate, out candidate));
        }
        _nodes.Add(node);
        Index(_nodes.Count - 1);
        return _nodes.Count - 1;
    }

    private void Index(int number)
    {
        ref var first = ref CollectionsMarshal.GetValueRefOrAddDefault(_byText!, (_nodes[number].Hash, _nodes[number].Length), out var exists);
        if (exists) _sameHash[number] = first;
        first = number;
    }

    private string TextOf(int number)
    {
        if (_nodes[number].Parent < 0) return _nodes[number].Flat.Text;
        return string.Create(_nodes[number].Length, (_nodes, number), static (text, from) =>
        {
            var (nodes, at) = from;
            while (nodes[at].Parent >= 0)
            {
                var piece = nodes[nodes[at].Added].Flat.Text;
                piece.CopyTo(text[^piece.Length..]);
                text = text[..^piece.Length];
                at = nodes[at].Parent;
            }
            nodes[at].Flat.Text.CopyTo(text);
        });
    }
}
