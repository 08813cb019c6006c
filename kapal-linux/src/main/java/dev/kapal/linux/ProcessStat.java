package dev.kapal.linux;

/**
 * The fields of /proc/PID/stat that matter, see proc(5). Times are in clock ticks of 10 ms, which
 * are what Linux shows on every architecture that Kapal runs on.
 */
record ProcessStat(
    int pid,
    String name,
    char state,
    int parent,
    int session,
    int terminal,
    long userTicks,
    long systemTicks,
    int threads,
    long startTime,
    long virtualBytes) {
  static ProcessStat parse(String text) {
    // The name may hold spaces and parentheses: its end is the last one.
    int open = text.indexOf('(');
    int close = text.lastIndexOf(')');
    try {
      String[] field = text.substring(close + 2).strip().split(" ", -1);
      return new ProcessStat(
          Integer.parseInt(text.substring(0, open - 1)),
          text.substring(open + 1, close),
          field[0].charAt(0),
          Integer.parseInt(field[1]),
          Integer.parseInt(field[3]),
          Integer.parseInt(field[4]),
          Long.parseLong(field[11]),
          Long.parseLong(field[12]),
          Integer.parseInt(field[17]),
          Long.parseUnsignedLong(field[19]),
          Long.parseUnsignedLong(field[20]));
    } catch (NumberFormatException | IndexOutOfBoundsException _) {
      throw new ProcFormatException("/proc/PID/stat", text, "as proc(5) describes it");
    }
  }
}
