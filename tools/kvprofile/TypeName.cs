namespace KvStore.Profile;

/// <summary>
/// A type as the runtime names it: <c>Outer`1+Inner[Argument,Argument]</c>, with <c>[Argument, Assembly, Version=…]</c> and <c>, Assembly, Version=…</c> where it names assemblies.
/// </summary>
/// <param name="Name">Namespace, outer types and name, without arguments.</param>
/// <param name="Assembly">The assembly's simple name, where it is given.</param>
/// <param name="Suffix">What it is of the type: empty, or arrays, pointers and references, innermost first: <c>[]</c>, <c>[,]</c>, <c>*</c>, <c>&amp;</c>.</param>
internal sealed record TypeName(string Name, string? Assembly, IReadOnlyList<TypeName> Arguments, string Suffix)
{
    public static TypeName Parse(string text)
    {
        var at = 0;
        return Parse(text, ref at, qualified: true);
    }

    private static TypeName Parse(string text, ref int at, bool qualified)
    {
        var start = at;
        for (var depth = 0; at < text.Length && (depth > 0 || !"[],*&".Contains(text[at])); at++)
            depth += text[at] switch { '<' => 1, '>' => -1, _ => 0 };
        var name = text[start..at];
        var arguments = new List<TypeName>();
        if (at + 1 < text.Length && text[at] == '[' && text[at + 1] is not (']' or ','))
        {
            do
            {
                at++;
                arguments.Add(text[at] == '[' ? ParseBracketed(text, ref at) : Parse(text, ref at, qualified: false));
            }
            while (at < text.Length && text[at] == ',');
            at++;
        }

        start = at;
        while (at < text.Length && text[at] is ('[' or '*' or '&')) at = text[at] == '[' ? text.IndexOf(']', at) + 1 : at + 1;
        var suffix = text[start..at];
        return new TypeName(name, qualified ? ParseAssembly(text, ref at) : null, arguments, suffix);
    }

    private static TypeName ParseBracketed(string text, ref int at)
    {
        at++;
        var inner = Parse(text, ref at, qualified: true);
        at++;
        return inner;
    }

    /// <summary>The first word after the comma; the rest, version and key, is passed over.</summary>
    private static string? ParseAssembly(string text, ref int at)
    {
        if (at >= text.Length || text[at] != ',') return null;
        var end = text.IndexOf(']', at);
        if (end < 0) end = text.Length;
        var words = text[(at + 1)..end].Split(',', StringSplitOptions.TrimEntries);
        at = end;
        return words[0];
    }
}
