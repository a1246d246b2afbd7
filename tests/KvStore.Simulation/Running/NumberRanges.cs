using System.Globalization;

namespace KvStore.Simulation.Running;

/// <summary>Sets of numbers as text: <c>3,5-9</c>.</summary>
internal static class NumberRanges
{
    private const int NumberMax = 1_000_000;

    public static string Format(IReadOnlySet<int> numbers)
    {
        var parts = new List<string>();
        var sorted = numbers.Order().ToList();
        for (var i = 0; i < sorted.Count;)
        {
            var end = i;
            while (end + 1 < sorted.Count && sorted[end + 1] == sorted[end] + 1) end++;
            parts.Add(end == i ? $"{sorted[i]}" : $"{sorted[i]}-{sorted[end]}");
            i = end + 1;
        }
        return string.Join(',', parts);
    }

    /// <summary>Null when the text is no such set.</summary>
    public static IReadOnlySet<int>? Parse(string text)
    {
        var numbers = new HashSet<int>();
        foreach (var part in text.Split(','))
        {
            var ends = part.Split('-');
            if (ends.Length > 2 || !TryParse(ends[0], out var first) || !TryParse(ends[^1], out var last) || last < first) return null;
            for (var number = first; number <= last; number++) numbers.Add(number);
        }
        return numbers;
    }

    private static bool TryParse(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= NumberMax;
}
