package dev.kapal.linux;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The release of a kernel, such as 4.19.90-52.el8: for messages and rough choices; what a kernel
 * can do says {@link KernelFeatures}.
 */
public record KernelRelease(int major, int minor, int patch, String text)
    implements Comparable<KernelRelease> {
  private static final Pattern PATTERN =
      Pattern.compile("(\\d{1,4})\\.(\\d{1,4})(?:\\.(\\d{1,6}))?.*");

  /**
   * Parses what uname -r prints.
   *
   * @throws ProcFormatException when it does not begin with two numbers
   */
  public static KernelRelease parse(String text) {
    Matcher matcher = PATTERN.matcher(text.strip());
    if (!matcher.matches()) {
      throw new ProcFormatException("the kernel's release", text, "MAJOR.MINOR…");
    }
    String patch = matcher.group(3);
    return new KernelRelease(
        Integer.parseInt(matcher.group(1)),
        Integer.parseInt(matcher.group(2)),
        patch == null ? 0 : Integer.parseInt(patch),
        text.strip());
  }

  /** Whether it is that release or a newer one. */
  public boolean isAtLeast(int wantedMajor, int wantedMinor) {
    return major > wantedMajor || (major == wantedMajor && minor >= wantedMinor);
  }

  @Override
  public int compareTo(KernelRelease other) {
    int byMajor = Integer.compare(major, other.major);
    int byMinor = byMajor != 0 ? byMajor : Integer.compare(minor, other.minor);
    return byMinor != 0 ? byMinor : Integer.compare(patch, other.patch);
  }

  @Override
  public String toString() {
    return text;
  }
}
