/** Processor time of this process since it started, ms: for what is not to take long, however busy the machine is. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
