package dev.kapal.runtime.driver;

import dev.kapal.runtime.Input;
import dev.kapal.runtime.LogTarget;
import dev.kapal.runtime.monitor.Packet;

/** The requests LAUNCH and RELAY of docs/monitor-protocol.md. */
public final class LaunchPacket {
  public static final int KEEP = 1;
  public static final int HOLD = 2;
  public static final int LAUNCHER = 4;

  private LaunchPacket() {}

  /** A launch of a plan. */
  public static Packet launch(int number, LogTarget log, int flags) {
    return head(Packet.LAUNCH, number, log, flags, 0);
  }

  /**
   * A relay.
   *
   * @param streams 1: input, 2: output, 4: error, 8: a terminal's
   */
  public static Packet relay(int number, LogTarget log, Input input, int streams) {
    return head(Packet.RELAY, number, log, input == Input.KEEP ? KEEP : 0, 4).u32(streams);
  }

  private static Packet head(int type, int number, LogTarget log, int flags, int more) {
    boolean logged = log.format() != LogTarget.Format.NONE;
    String path = logged ? log.path().toString() : "";
    return Packet.withBody(type, number, 20 + Packet.textSize(path) + more)
        .u32(
            switch (log.format()) {
              case NONE -> 0;
              case JSON_FILE -> 1;
              case CRI -> 2;
            })
        .u32(Math.max(1, log.maxFiles()))
        .u64(log.maxSize())
        .u32(flags)
        .text(path);
  }
}
