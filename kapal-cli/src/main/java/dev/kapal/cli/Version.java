package dev.kapal.cli;

import java.util.Properties;

/**
 * Which Kapal this is.
 *
 * @param version the release
 * @param commit the commit it was built from, or {@code unknown}
 */
public record Version(String version, String commit) {
  /** A build that left no trace. */
  public static final Version UNKNOWN = new Version("unknown", "unknown");

  /** Reads {@code version} and {@code commit}, as the build writes them beside the jars. */
  public static Version of(Properties build) {
    return new Version(
        build.getProperty("version", UNKNOWN.version), build.getProperty("commit", UNKNOWN.commit));
  }
}
