package dev.kapal.cli.parse;

import dev.kapal.cli.model.UsageException;
import dev.kapal.engine.spec.DeviceSpec;
import dev.kapal.engine.spec.NamespaceSpec;
import dev.kapal.engine.spec.Resources;
import dev.kapal.engine.spec.Ulimit;
import java.util.function.Supplier;

/** Limits, devices and id maps. */
public final class Limits {
  private Limits() {}

  /** {@code NAME=SOFT[:HARD]}, -1 or unlimited for no limit. */
  public static Ulimit ulimit(String text) {
    int equals = text.indexOf('=');
    if (equals <= 0) {
      throw Bad.value("ulimit", text, "it is not NAME=SOFT[:HARD]", "write as in nofile=1024:2048");
    }
    String[] values = text.substring(equals + 1).split(":", -1);
    if (values.length > 2) {
      throw Bad.value(
          "ulimit", text, "it has more than two limits", "write as in nofile=1024:2048");
    }
    long soft = limit(text, values[0]);
    long hard = values.length == 1 ? soft : limit(text, values[1]);
    return checked("ulimit", text, () -> new Ulimit(text.substring(0, equals), soft, hard));
  }

  private static long limit(String text, String value) {
    if (value.equals("unlimited")) {
      return -1;
    }
    try {
      return Long.parseLong(value);
    } catch (NumberFormatException e) {
      throw Bad.value(
          "ulimit", text, "\"" + value + "\" is not a number", "write as in nofile=1024:2048");
    }
  }

  /** {@code HOST[:CONTAINER][:PERMISSIONS]}. */
  public static DeviceSpec.Device device(String text) {
    String[] parts = text.split(":", -1);
    String inside = parts[0];
    String permissions = "rwm";
    if (parts.length > 3 || parts[0].isEmpty()) {
      throw Bad.value(
          "device",
          text,
          "it is not HOST[:CONTAINER][:rwm]",
          "write as in /dev/fuse:/dev/fuse:rwm");
    }
    if (parts.length == 2 && parts[1].matches("[rwm]{1,3}")) {
      permissions = parts[1];
    } else if (parts.length >= 2) {
      inside = parts[1];
      permissions = parts.length == 3 ? parts[2] : permissions;
    }
    String path = inside;
    String access = permissions;
    return checked("device", text, () -> new DeviceSpec.Device(parts[0], path, access));
  }

  /** {@code DEVICE:VALUE} with a size. */
  public static Resources.DeviceValue deviceSize(String option, String text) {
    int colon = text.lastIndexOf(':');
    if (colon <= 0) {
      throw Bad.value(option, text, "it is not DEVICE:RATE", "write as in /dev/sda:10mb");
    }
    long value = Scalars.size(option, text.substring(colon + 1));
    return checked(option, text, () -> new Resources.DeviceValue(text.substring(0, colon), value));
  }

  /** {@code DEVICE:VALUE} with a number. */
  public static Resources.DeviceValue deviceNumber(String option, String text, long most) {
    int colon = text.lastIndexOf(':');
    if (colon <= 0) {
      throw Bad.value(option, text, "it is not DEVICE:NUMBER", "write as in /dev/sda:100");
    }
    long value = Scalars.number(option, text.substring(colon + 1), 0, most);
    return checked(option, text, () -> new Resources.DeviceValue(text.substring(0, colon), value));
  }

  /** {@code CONTAINER:HOST:SIZE} of an id map. */
  public static NamespaceSpec.IdMapping idMapping(String option, String text) {
    String[] parts = text.split(":", -1);
    if (parts.length < 2 || parts.length > 3) {
      throw Bad.value(
          option, text, "it is not CONTAINER:HOST[:SIZE]", "write as in 0:100000:65536");
    }
    long most = 0xffff_fffeL;
    long inside = Scalars.number(option, parts[0], 0, most);
    long host = Scalars.number(option, parts[1], 0, most);
    long size = parts.length == 3 ? Scalars.number(option, parts[2], 1, most) : 1;
    return checked(option, text, () -> new NamespaceSpec.IdMapping(inside, host, size));
  }

  /** Runs something that checks its arguments, and tells its complaint as a wrong value. */
  public static <T> T checked(String option, String text, Supplier<T> make) {
    try {
      return make.get();
    } catch (IllegalArgumentException e) {
      throw new UsageException(
          "invalid value \"%s\" for --%s: %s".formatted(text, option, e.getMessage()));
    }
  }
}
