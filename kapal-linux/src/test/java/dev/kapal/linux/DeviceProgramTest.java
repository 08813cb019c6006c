package dev.kapal.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.linux.CgroupResources.DeviceRule;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DeviceProgramTest {
  /** As much of BPF as the programs use. */
  private static long run(byte[] program, int type, int access, int major, int minor) {
    ByteBuffer code = ByteBuffer.wrap(program).order(ByteOrder.LITTLE_ENDIAN);
    int[] context = {access << 16 | type, major, minor};
    long[] r = new long[11];
    for (int pc = 0; ; pc++) {
      int at = pc * 8;
      int op = code.get(at) & 0xff;
      int dst = code.get(at + 1) & 0xf;
      int src = (code.get(at + 1) >> 4) & 0xf;
      int offset = code.getShort(at + 2);
      int imm = code.getInt(at + 4);
      switch (op) {
        case 0x61 -> r[dst] = Integer.toUnsignedLong(context[offset / 4]);
        case 0xbf -> r[dst] = r[src];
        case 0xb7 -> r[dst] = imm;
        case 0x57 -> r[dst] &= imm;
        case 0x77 -> r[dst] >>>= imm;
        case 0x55 -> pc += r[dst] != imm ? offset : 0;
        case 0x15 -> pc += r[dst] == imm ? offset : 0;
        case 0x95 -> {
          return r[0];
        }
        default -> throw new AssertionError("opcode " + Integer.toHexString(op));
      }
    }
  }

  /** What the rules mean, said in another way. */
  private static boolean allowed(
      List<DeviceRule> rules, int type, int access, int major, int minor) {
    for (int bit : new int[] {1, 2, 4}) {
      if ((access & bit) == 0) {
        continue;
      }
      boolean ok = false;
      for (DeviceRule rule : rules) {
        boolean all = rule.type() == 'a';
        boolean matches =
            all
                || (rule.type() == (type == 1 ? 'b' : 'c')
                    && rule.major().orElse((long) major) == major
                    && rule.minor().orElse((long) minor) == minor
                    && rule.access().indexOf(bit == 1 ? 'm' : bit == 2 ? 'r' : 'w') >= 0);
        ok = matches ? rule.allow() : ok;
      }
      if (!ok) {
        return false;
      }
    }
    return true;
  }

  @Test
  void golden() {
    byte[] program =
        DeviceProgram.compile(
            List.of(new DeviceRule(true, 'c', Optional.of(1L), Optional.of(3L), "rw")));
    assertThat(HexFormat.ofDelimiter(" ").formatHex(program).replaceAll("((?:.. ){8})", "$1\n"))
        .isEqualTo(
            """
            61 12 00 00 00 00 00 00\s
            bf 23 00 00 00 00 00 00\s
            57 03 00 00 ff ff 00 00\s
            77 02 00 00 10 00 00 00\s
            61 14 04 00 00 00 00 00\s
            61 15 08 00 00 00 00 00\s
            55 03 06 00 02 00 00 00\s
            55 04 05 00 01 00 00 00\s
            55 05 04 00 03 00 00 00\s
            57 02 00 00 01 00 00 00\s
            55 02 02 00 00 00 00 00\s
            b7 00 00 00 01 00 00 00\s
            95 00 00 00 00 00 00 00\s
            b7 00 00 00 00 00 00 00\s
            95 00 00 00 00 00 00 00\
            """);
  }

  @Test
  void decidesAsTheRulesSay() {
    Random random = new Random(4);
    String[] accesses = {"r", "w", "m", "rw", "rm", "wm", "rwm"};
    for (int round = 0; round < 500; round++) {
      List<DeviceRule> rules = new ArrayList<>();
      for (int i = random.nextInt(8); i > 0; i--) {
        rules.add(
            new DeviceRule(
                random.nextInt(3) > 0,
                "abbcccc".charAt(random.nextInt(7)),
                random.nextBoolean() ? Optional.empty() : Optional.of((long) random.nextInt(2)),
                random.nextBoolean() ? Optional.empty() : Optional.of((long) random.nextInt(2)),
                accesses[random.nextInt(7)]));
      }
      byte[] program = DeviceProgram.compile(rules);
      for (int request = 0; request < 56; request++) {
        int type = 1 + request % 2;
        int access = 1 + request / 2 % 7;
        int major = request / 14 % 2;
        int minor = request / 28 % 2;
        assertThat(run(program, type, access, major, minor) == 1)
            .as("%s asked for %d %d %d:%d", rules, type, access, major, minor)
            .isEqualTo(allowed(rules, type, access, major, minor));
      }
    }
  }

  @Test
  void refusesWhatIsNoRule() {
    for (DeviceRule rule :
        List.of(
            new DeviceRule(true, 'x', Optional.empty(), Optional.empty(), "r"),
            new DeviceRule(true, 'c', Optional.empty(), Optional.empty(), "rx"),
            new DeviceRule(true, 'c', Optional.of(-1L), Optional.empty(), "r"),
            new DeviceRule(true, 'c', Optional.of(1L << 31), Optional.empty(), "r"))) {
      assertThatThrownBy(() -> DeviceProgram.compile(List.of(rule)))
          .isInstanceOf(CgroupException.class);
    }
  }
}
