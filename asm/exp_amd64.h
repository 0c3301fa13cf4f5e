// Constants of the exponential family and of log, as exp_amd64.s lays them out:
// eight copies of each float32, so that AVX2 code can use them as memory
// operands and AVX-512 code can broadcast the first copy. The values are those
// of kernels/unary_generic.go.

#define K_LOG2E    ·expTable+(32*0)(SB)
#define K_NLN2HI   ·expTable+(32*1)(SB)
#define K_NLN2LO   ·expTable+(32*2)(SB)
#define K_C4       ·expTable+(32*3)(SB)
#define K_C3       ·expTable+(32*4)(SB)
#define K_C2       ·expTable+(32*5)(SB)
#define K_C1       ·expTable+(32*6)(SB)
#define K_C0       ·expTable+(32*7)(SB)
#define K_ONE      ·expTable+(32*8)(SB)
#define K_TWO      ·expTable+(32*9)(SB)
#define K_SIGN     ·expTable+(32*10)(SB)
#define K_EXPMAX   ·expTable+(32*11)(SB)
#define K_EXPMIN   ·expTable+(32*12)(SB)
#define K_EXPM1MIN ·expTable+(32*13)(SB)
#define K_2M32     ·expTable+(32*14)(SB)

// The magic number 1.5·2²³, alone and with a bias added, so that shifting the
// rounded sum left by 23 bits gives a biased exponent at once. An odd bias
// would round ties the other way, but there are none: x·log2e is half an odd
// integer for no float32 x within the range that reaches it.
#define K_MAGIC    ·expTable+(32*15)(SB)
#define K_MAGIC127 ·expTable+(32*16)(SB)
#define K_MAGIC159 ·expTable+(32*17)(SB)
#define K_MAGIC254 ·expTable+(32*18)(SB)

#define K_L8     ·expTable+(32*19)(SB)
#define K_L7     ·expTable+(32*20)(SB)
#define K_L6     ·expTable+(32*21)(SB)
#define K_L5     ·expTable+(32*22)(SB)
#define K_L4     ·expTable+(32*23)(SB)
#define K_L3     ·expTable+(32*24)(SB)
#define K_L2     ·expTable+(32*25)(SB)
#define K_L1     ·expTable+(32*26)(SB)
#define K_L0     ·expTable+(32*27)(SB)
#define K_LLN2HI ·expTable+(32*28)(SB)
#define K_LLN2LO ·expTable+(32*29)(SB)
#define K_MINNRM ·expTable+(32*30)(SB)
#define K_2P23   ·expTable+(32*31)(SB)
#define K_MHALF  ·expTable+(32*32)(SB)
#define K_23     ·expTable+(32*33)(SB)
#define K_SQRTH  ·expTable+(32*34)(SB)
#define K_MANT   ·expTable+(32*35)(SB)
#define K_NINF   ·expTable+(32*36)(SB)
#define K_PINF   ·expTable+(32*37)(SB)
#define K_FIXLOG ·expTable+(32*38)(SB)
