// Pour-over: a ceramic dripper on a glass server.
#version 3.7;
#ifndef (Depth) #declare Depth=0; #end
#include "materials_coffee.inc"
Globals(60,.9)
Room(RGB8(120,100,84)*.7,RGB8(215,208,200)*.9)
#declare Eye=<-9,20,-47>; #declare Look=<1,11.2,0>;
camera { location Eye look_at Look right x*image_width/image_height up y angle 34 }
WindowLight(<-60,60,34>,<0,10,0>,1.95,RGB8(255,243,226),46)
#if (!Depth) light_source { <50,50,-60> rgb RGB8(255,200,150)*.2 shadowless } #end
BackWall(110,RGB8(78,60,48),RGB8(158,130,104))
Bokeh(12,<16,30,95>,80,50,4,7.5,RGB8(255,196,120),3)
object { Table(RGB8(184,154,120),RGB8(152,120,86),RGB8(92,66,46),11,.04,13) rotate y*12 }
#declare GlassMat = material {
  texture { pigment { rgbt <.97,.985,.98,.97> } finish { diffuse .02 specular .7 roughness .002 reflection { .02,.9 fresnel } conserve_energy } }
  interior { ior 1.28 } }
// server: outer and inner wall in one profile
object { Revolve(array[19]{<.01,0>,<4.6,0>,<5.3,.25>,<5.75,1.1>,<5.8,2.2>,<5.4,4.6>,<4.6,7.4>,<4.15,8.9>,<4.3,9.7>,<4.5,10.0>,<4.36,10.1>,
  <4.1,9.7>,<3.95,8.9>,<4.4,7.4>,<5.2,4.6>,<5.6,2.2>,<5.5,1.2>,<5.1,.5>,<.01,.35>},4,90) material { GlassMat } }
// coffee in the server
#declare Fill=4.1;
union {
  object { Revolve(array[7]{<.01,.38>,<4.9,.45>,<5.42,1.2>,<5.55,2.2>,<5.4,3.2>,<5.24,4.05>,<5.2,4.1>},4,90) }
  texture { pigment { gradient y color_map { [0 rgb RGB8(34,14,6)][.75 rgb RGB8(54,24,9)][1 rgb RGB8(116,58,20)] } scale 4.2 } 
    finish { diffuse .7 specular .2 roughness .02 } } }
object { BlackCoffee(5.2) translate y*4.1 }
// glass handle
object { Tube(spline { natural_spline -.2,<3.6,9.6,0> 0,<4.35,9.3,0> .25,<6.4,9.4,0> .5,<8.3,7.6,0> .75,<8.1,4.8,0> 1,<5.5,3.9,0> 1.2,<4.6,3.9,0> },0,1,50,.42,.5,z)
  material { GlassMat } rotate y*-25 }
// dripper: foot plate, cone, handle
#declare Drip = union {
  object { Revolve(array[12]{<1.6,.1>,<5.2,0>,<5.75,.12>,<5.9,.4>,<5.6,.62>,<3.2,.75>,<1.9,1.1>,<2.0,1.7>,<3.6,4.3>,<5.6,7.6>,<5.95,8.25>,<5.85,8.42>},5,110) }
  object { Revolve(array[5]{<5.85,8.42>,<5.68,8.36>,<5.3,7.6>,<3.3,4.3>,<1.5,1.5>},5,110) }
  object { Tube(spline { natural_spline -.2,<3.6,6.9,0> 0,<4.8,6.8,0> .25,<6.9,7.1,0> .5,<8.0,5.9,0> .75,<6.9,3.8,0> 1,<3.4,3.4,0> 1.2,<2.4,3.4,0> },0,1,50,.38,.55,z) rotate y*-32 }
}
object { Drip Stoneware(RGB8(238,231,219),ClayCol,0) translate y*10.05 }
// paper filter standing a little above the rim, with its folded seam
#declare PN=100; #declare PP=array[12][PN];
#declare I=0; #while (I<12) #declare J=0; #while (J<PN)
  #declare A=2*pi*J/PN; #declare V=I/11;
  #declare R=1.3+4.75*V+.10*V*sin(A*3+1)+.07*V*sin(A*7);
  #declare PP[I][J]=<R*cos(A),11.3+8.0*V+.35*V*sin(A*2+.4)+.12*V*sin(A*5),R*sin(A)>;
#declare J=J+1; #end #declare I=I+1; #end
object { GridMesh(PP,12,PN,1) texture {
  pigment { gradient y color_map { [0 rgb RGB8(120,76,40)][.50 rgb RGB8(150,104,62)][.57 rgb RGB8(206,178,140)][.61 rgb RGB8(244,238,226)][1 rgb RGB8(246,240,230)] } scale 10.5 translate y*11.1 warp { turbulence .3 octaves 3 } }
  normal { granite .04 scale .3 } finish { diffuse .62 emission .03 } } }
// the bed: wet grounds with foam
disc { <0,16.6,0>,y,4.35
  texture { pigment { bozo scale .9 turbulence .8 octaves 6 color_map { [0 rgb RGB8(60,32,16)][.45 rgb RGB8(96,56,28)][.62 rgb RGB8(160,112,68)][.8 rgb RGB8(206,168,120)][1 rgb RGB8(226,196,154)] } }
    normal { granite .25 scale .5 } finish { diffuse .75 specular .35 roughness .02 } } }
// kettle spout and the stream
#declare Sp=spline { natural_spline -.3,<27,13,0> 0,<23,16,0> .15,<16.5,18.2,0> .38,<10.4,26.2,0> .6,<5,28.7,0> .85,<1.6,27.3,0> 1,<.7,25.8,0> 1.2,<.3,24.4,0> };
object { Tube(Sp,0,1,60,.62,.62,z)
  texture { pigment { rgb RGB8(40,38,38) } finish { diffuse .5 specular .5 roughness .02 reflection { .06,.4 fresnel } conserve_energy } } interior { ior 2.2 } rotate y*-20 }
#declare St=spline { natural_spline -.2,<.9,26.6,0> 0,<.66,25.9,0> .2,<.45,24.6,0> .6,<.15,20.6,0> 1,<0,16.5,0> 1.1,<0,15.5,0> };
object { Tube(St,0,1,40,.16,.16,z) material { texture { pigment { rgbt <.98,.99,1,.92> } finish { diffuse .08 specular .9 roughness .003 reflection { .03,.9 fresnel } } } interior { ior 1.33 } } rotate y*-20 }
object { Steam(11,10,.45,9.4) translate <-1.2,18.2,-1> }
#declare ClothAt=<14,0,6>; #declare ClothTurn=18; #declare ClothX=22; #declare ClothZ=17;
object { Cloth(ClothX,ClothZ,8,1.2,ClothTurn,ClothAt,<15,0,9>) Linen(RGB8(222,212,196),RGB8(120,134,128),22) rotate y*ClothTurn translate ClothAt }
union {
  union { object { Cup_Body } object { Cup_Handle } Stoneware(RGB8(186,112,84),ClayCol,1.2) rotate y*-30 }
  object { BlackCoffee(4.2) translate y*5.3 }
  translate <15,.2,9>
}
Heap(<-12,0,-4>,4.2,3.2,1.5,4)
Scatter(26,<-9.5,0,-8>,6.5,5,7)
