package dev.kapal.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * Compiles device rules into a BPF program of type CGROUP_DEVICE, as cgroup v2 wants them. The
 * meaning is that of v1's lists: each kind of access (read, write, mknod) is decided by the last
 * rule that speaks of it, and a request passes when all of its kinds do. What no rule speaks of is
 * denied.
 *
 * <p>Registers: r2 the accesses that are still to be decided, r3 type, r4 major, r5 minor.
 */
final class DeviceProgram {
  private static final int LDX_W = 0x61;
  private static final int MOV_REG = 0xbf;
  private static final int MOV_IMM = 0xb7;
  private static final int AND_IMM = 0x57;
  private static final int RSH_IMM = 0x77;
  private static final int JNE_IMM = 0x55;
  private static final int JEQ_IMM = 0x15;
  private static final int EXIT = 0x95;

  private static final int MKNOD = 1;
  private static final int READ = 2;
  private static final int WRITE = 4;
  private static final int MAX_RULES = 400;

  private final ByteBuffer code =
      ByteBuffer.allocate((MAX_RULES * 8 + 16) * 8).order(ByteOrder.LITTLE_ENDIAN);

  private DeviceProgram() {}

  /**
   * The instructions, eight bytes each.
   *
   * @throws CgroupException when a rule is none or there are too many
   */
  static byte[] compile(List<CgroupResources.DeviceRule> rules) {
    if (rules.size() > MAX_RULES) {
      throw new CgroupException(
          "too many device rules: " + rules.size() + ", at most " + MAX_RULES);
    }
    DeviceProgram program = new DeviceProgram();
    program.prologue();
    rules.reversed().forEach(program::rule);
    program.leave(0);
    byte[] bytes = new byte[program.code.position()];
    program.code.flip().get(bytes);
    return bytes;
  }

  /** struct bpf_cgroup_dev_ctx: (access << 16 | type), major, minor. */
  private void prologue() {
    emit(LDX_W, 2, 1, 0, 0);
    emit(MOV_REG, 3, 2, 0, 0);
    emit(AND_IMM, 3, 0, 0, 0xffff);
    emit(RSH_IMM, 2, 0, 0, 16);
    emit(LDX_W, 4, 1, 4, 0);
    emit(LDX_W, 5, 1, 8, 0);
  }

  private void rule(CgroupResources.DeviceRule rule) {
    int access = access(rule);
    int decide = rule.allow() ? 4 : 5; // instructions of the part below
    boolean typed = rule.type() != 'a';
    boolean major = typed && rule.major().isPresent();
    boolean minor = typed && rule.minor().isPresent();
    // How many instructions of this rule are left, for the jump behind it.
    int left = (typed ? 1 : 0) + (major ? 1 : 0) + (minor ? 1 : 0) + decide;
    if (typed) {
      emit(JNE_IMM, 3, 0, --left, rule.type() == 'b' ? 1 : 2);
    }
    if (major) {
      emit(JNE_IMM, 4, 0, --left, number(rule.major().get(), rule));
    }
    if (minor) {
      emit(JNE_IMM, 5, 0, --left, number(rule.minor().get(), rule));
    }
    if (rule.allow()) {
      emit(AND_IMM, 2, 0, 0, 7 & ~access);
      emit(JNE_IMM, 2, 0, 2, 0);
      leave(1);
    } else {
      emit(MOV_REG, 0, 2, 0, 0);
      emit(AND_IMM, 0, 0, 0, access);
      emit(JEQ_IMM, 0, 0, 2, 0);
      leave(0);
    }
  }

  private void leave(int result) {
    emit(MOV_IMM, 0, 0, 0, result);
    emit(EXIT, 0, 0, 0, 0);
  }

  private static int access(CgroupResources.DeviceRule rule) {
    if ("abc".indexOf(rule.type()) < 0) {
      throw bad(rule);
    }
    // A rule for all devices is for all accesses too, in v1.
    if (rule.type() == 'a') {
      return MKNOD | READ | WRITE;
    }
    int access = 0;
    for (char c : rule.access().toCharArray()) {
      access |=
          switch (c) {
            case 'm' -> MKNOD;
            case 'r' -> READ;
            case 'w' -> WRITE;
            default -> throw bad(rule);
          };
    }
    return access;
  }

  private static int number(long value, CgroupResources.DeviceRule rule) {
    if (value < 0 || value > Integer.MAX_VALUE) {
      throw bad(rule);
    }
    return (int) value;
  }

  private static CgroupException bad(CgroupResources.DeviceRule rule) {
    return new CgroupException("not a device rule: " + rule);
  }

  private void emit(int opcode, int destination, int source, int offset, int immediate) {
    code.put((byte) opcode);
    code.put((byte) ((source << 4) | destination));
    code.putShort((short) offset);
    code.putInt(immediate);
  }
}
