package dev.kapal.runtime.driver;

import dev.kapal.runtime.monitor.MonitorConnection;
import dev.kapal.runtime.monitor.Packet;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A process as its monitor knows it; offsets are those of docs/monitor-protocol.md.
 *
 * @param pid its process id, 0: none
 * @param state one of the constants
 * @param status its wait status, when it has ended
 * @param end when it ended, in ns since the epoch; 0: not yet
 * @param inputClosed whether it is a relay whose input has been closed
 */
public record MonitorStatus(int pid, int state, int status, long end, boolean inputClosed) {
  public static final int LAUNCHING = 1;
  public static final int RUNNING = 3;
  public static final int ENDED = 4;
  public static final int LAUNCHED = 5;

  private static final int SIZE = 64;

  /** All of a monitor, by number. */
  public static Map<Integer, MonitorStatus> ask(MonitorConnection monitor) {
    ByteBuffer data = monitor.ask(Packet.of(Packet.STATUS, 0), List.of()).data();
    Map<Integer, MonitorStatus> known = new HashMap<>();
    int count = data.getInt();
    for (int i = 0; i < count; i++) {
      int at = 4 + SIZE * i;
      known.put(
          data.getInt(at),
          new MonitorStatus(
              data.getInt(at + 4),
              data.getInt(at + 8),
              data.getInt(at + 16),
              data.getLong(at + 40),
              (data.getLong(at + 56) & 1) != 0));
    }
    return known;
  }

  /** When it ended; now where the monitor does not know. */
  public long ended() {
    return end == 0 ? System.currentTimeMillis() * 1_000_000L : end;
  }
}
