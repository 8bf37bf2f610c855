"""What npu-smi and atc were seen to print, per chip and generation. Layout and figures are facts; nothing is made up but
where a comment says so."""

DUO = """\
+--------------------------------------------------------------------------------------------------------+
| npu-smi 25.5.1                                   Version: 25.5.1                                       |
+-------------------------------+-----------------+------------------------------------------------------+
| NPU     Name                  | Health          | Power(W)     Temp(C)           Hugepages-Usage(page) |
| Chip    Device                | Bus-Id          | AICore(%)    Memory-Usage(MB)                        |
+===============================+=================+======================================================+
| 1       310P3                 | OK              | NA           49                0     / 0             |
| 0       0                     | 0000:01:00.0    | 0            1448 / 44278                            |
+-------------------------------+-----------------+------------------------------------------------------+
| 1       310P3                 | OK              | NA           45                0     / 0             |
| 1       1                     | 0000:01:00.0    | 0            1511 / 43693                            |
+===============================+=================+======================================================+
"""
CHIP_310 = """\
| 0       310                   | OK              | 12.8         61                0     / 969           |
| 0       0                     | 0000:01:00.0    | 0            577  / 7759                             |
"""
CHIP_310_RC_MODE = CHIP_310.replace("0000:01:00.0", "NA          ")
NARROW = """\
| 0       310P3     | OK  | 15.8  42  0    / 0 |
| 0       0         | 0000:82:00.0 | 0  1074 / 21534 |
"""
NO_SPACE = NARROW.replace("1074 / 21534", "19562/ 21527")
TABS = NARROW.replace("|  ", "|\t").replace("| 0  ", "\t| 0\t")
CHIP_910B = """\
| 0     910B2C              | OK            | 88.6        51                0    / 0             |
| 0                         | 0000:5A:00.0  | 0           0    / 0          20701/ 65536         |
"""
# The seen rows were cut off after the temperature and the bus; the rest of these two is ours.
DUAL_DIE_910 = """\
| 6     Ascend910           | OK            | -           36                0    / 0             |
| 1     13                  | 0000:87:00.0  | 0           0    / 0          3162 / 65536         |
"""
# NPU ids as 310P hosts have them; the rows are the narrow sample's.
SPARSE = "".join(
    f"| {npu}   310P3     | {health}  | 15.8  42  0    / 0 |\n| 0       {no}   | 0000:{bus}:00.0 | 0  1074 / 21534 |\n"
    for no, (npu, bus, health) in enumerate(
        [(8, "01", "OK"), (24, "02", "Warning"), (224, "03", "Alarm"), (32768, "82", "4111621"), (32896, "83", "OK")]
    )
)
PROCESS_HEAD = """\
+-------------------------------+-----------------+------------------------------------------------------+
| NPU     Chip                  | Process id      | Process name             | Process memory(MB)        |
+===============================+=================+======================================================+
"""
PROCESSES = """\
| 1       0                     | 124528          | python3.8                | 17400                     |
| 1       1                     | 99              |                          | 120                       |
+===============================+=================+======================================================+
"""
NO_PROCESSES = """\
| No running processes found in NPU 1                                                                    |
+===============================+=================+======================================================+
"""

MAPPING = """\
NPU ID                         Chip ID                        Chip Logic ID                  Chip Name
4                              0                              0                              Ascend 310P3
4                              1                              -                              Mcu
"""
# With the column that newer drivers insert, a tab before each line, a Duo and a sparse id.
MAPPING_NEW = """\
\tNPU ID      Chip ID      Chip Logic ID      Chip Phy-ID      Chip Name
\t1           0            0                  0                Ascend310P3
\t1           1            1                  1                Ascend310P3
\t1           2            -                  -                Mcu
\t32896       0            2                  7                Ascend 310P3
"""

# As the driver's own source prints them: a Duo, whose controller measures the card; a 910, which measures itself.
COMMON = """\
\tNPU ID                         : 1
\tChip Count                     : 2

\tChip ID                        : 0
\tMemory Usage Rate(%)           : 4
\tAicore Usage Rate(%)           : 90
\tAicore Freq(MHZ)               : 1080
\tAicore curFreq(MHZ)            : 960
\tTemperature(C)                 : 43

\tChip ID                        : 1
\tMemory Usage Rate(%)           : 4
\tAicore Usage Rate(%)           : 7
\tAicore Freq(MHZ)               : 1080
\tAicore curFreq(MHZ)            : 1080
\tTemperature(C)                 : 44

\tChip Name                      : mcu
\tTemperature(C)                 : 41
\tNPU Real-time Power(W)         : 42.8
"""
COMMON_910 = """\
NPU ID                         : 0
HBM Usage Rate(%)              : 3
Aicore Usage Rate(%)           : 0
Aicore curFreq(MHZ)            : 100
NPU Real-time Power(W)         : 298.6
"""
BOARD = "\tNPU ID : 8\n\tSoftware Version               : 24.1.rc2\n\tPCIe Bus Info : 0000:01:00.0\n"
LIST_OLD = """\
\tCard Count                     : 1

\tNPU ID                         : 8
\tProduct Name                   : Atlas 300I
\tSerial Number                  : 033EFS10M1001234
\tChip Count                     : 4
"""
NO_DRIVER = "DrvMngGetConsoleLogLevel failed. (g_conLogLevel=3)\ndcmi module initialize failed. ret is -8005\n"

ATC_START = "ATC start working now, please wait for a moment.\n...\n"
ATC_SUCCESS = ATC_START + "ATC run success, welcome to the next use.\n\n"
ATC_FAILED = ATC_START + "ATC run failed, Please check the detail log, Try 'atc --help' for more information\n"
