package dev.kapal.linux;

/**
 * For how long processes waited for a resource: pressure stall information of a control group, see
 * the kernel's Documentation/accounting/psi.rst.
 *
 * @param some at least one of them waited
 * @param full all of them waited at once
 */
public record Pressure(Stall some, Stall full) {
  /**
   * One line of it.
   *
   * @param average10 percent of the last 10 s
   * @param average60 percent of the last minute
   * @param average300 percent of the last five minutes
   * @param total µs since the group was made
   */
  public record Stall(double average10, double average60, double average300, long total) {
    /** Never. */
    public static final Stall NONE = new Stall(0, 0, 0, 0);
  }

  /** Reads lines such as {@code some avg10=0.12 avg60=0.00 avg300=0.00 total=1234}. */
  static Pressure parse(String text) {
    Stall some = Stall.NONE;
    Stall full = Stall.NONE;
    for (String line : text.lines().toList()) {
      if (line.startsWith("some ")) {
        some = stall(line);
      } else if (line.startsWith("full ")) {
        full = stall(line);
      }
    }
    return new Pressure(some, full);
  }

  private static Stall stall(String line) {
    double[] averages = new double[3];
    long total = 0;
    for (String word : line.split(" ", -1)) {
      int equals = word.indexOf('=');
      String value = word.substring(equals + 1);
      try {
        switch (word.substring(0, Math.max(0, equals))) {
          case "avg10" -> averages[0] = Double.parseDouble(value);
          case "avg60" -> averages[1] = Double.parseDouble(value);
          case "avg300" -> averages[2] = Double.parseDouble(value);
          case "total" -> total = Long.parseLong(value);
          default -> {
            // The first word, or what a newer kernel adds.
          }
        }
      } catch (NumberFormatException _) {
        throw new ProcFormatException("pressure", line, "NAME=NUMBER");
      }
    }
    return new Stall(averages[0], averages[1], averages[2], total);
  }
}
