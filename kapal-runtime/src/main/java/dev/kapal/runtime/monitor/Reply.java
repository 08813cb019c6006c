package dev.kapal.runtime.monitor;

import dev.kapal.linux.Fd;
import java.nio.ByteBuffer;
import java.util.List;

/** A monitor's answer: a value, data, descriptors that are now the receiver's. */
public record Reply(long value, ByteBuffer data, List<Fd> descriptors) {}
